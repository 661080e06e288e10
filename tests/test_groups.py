"""Expensive fixtures are built once: tests of one group run on one worker."""

import pytest

pytestmark = pytest.mark.xdist_group("together")


def test_a_group_is_known_to_whoever_hands_out_the_tests(request):
    grouped = request.config.getoption("loadgroup", default=False)
    assert request.node.nodeid.endswith("@together") == grouped
