"""A person's data never leaves plain: near-miss spellings of every operation with encrypted fields, and of its fields."""

from __future__ import annotations

import contextlib
import json
import re
from urllib.parse import unquote

import pytest
import requests
from requests.adapters import BaseAdapter

from chainable import ChainableError, CodecError, ConfigurationError
from wechatpay import Sensitive, WeChatPay, catalogue
from wechatpay.personal_data import by_scopes, of_operation

PLANTED = "张三PLANTED"
VERBS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [operation for operation in catalogue.operations() if operation.encrypted_fields]
IDS = [operation.key for operation in OPERATIONS]


class Recorder(BaseAdapter):
    """Keeps what would leave, and answers nothing."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def send(self, request, **_):
        self.sent.append(request)
        raise requests.ReadTimeout("recorded")

    def close(self):
        """Nothing is open."""

    def plain(self):
        """The requests that left with the person's data."""
        return [request for request in self.sent if any(word in _text(request) for word in ("PLANTED", "19900307"))]


def _text(request):
    body = request.body or b""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return unquote(request.url) + repr(dict(request.headers)) + text


def plain_signer(request):
    return request


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def make(recorder, merchant_key, merchant_certificate, platform_key):
    session = requests.Session()
    session.mount("http://", recorder)
    session.mount("https://", recorder)

    def client(**settings):
        return WeChatPay(
            mchid="1900000109",
            private_key=merchant_key,
            merchant_cert=merchant_certificate.pem,
            certs={"PUB_KEY_ID_1": platform_key.public_key()},
            secret="abcdefghijklmnopqrstuvwxyz012345",
            signer=plain_signer,
            v2_signer=plain_signer,
            http_session=session,
            proxies={},
            retries=0,
            **{"base_url": "http://127.0.0.1:9/"} | settings,
        )

    return client


@pytest.fixture(scope="module")
def client(make):
    with make() as made:
        yield made


def leaves(fields, value=PLANTED, *, spell=str):
    """Each encrypted field by itself, in the objects it stands in."""
    for name, inner in fields.items():
        if isinstance(inner, str):
            yield {spell(name): value}
        else:
            for below in leaves(inner, value, spell=spell):
                yield {spell(name): below}


def bodies(operation, value=PLANTED, *, spell=str):
    """The options of a call, one for each encrypted field."""
    for place, fields in operation.encrypted_fields.items():
        option = {"query": "params", "meta": "json"}.get(place, place)
        for body in leaves(fields, value, spell=spell):
            yield {option: body}


def camel(name):
    return re.sub(r"[-_]([a-z0-9])", lambda match: match[1].upper(), name)


def concrete(operation):
    return re.sub(r"\{\w+\}", "4200001", operation.path)


def spellings(path):
    """Near misses of a path that has no variables left."""
    bare = path.rstrip("/")
    version, *rest = bare.split("/")
    joined = "/".join(rest)
    yield bare
    yield f"{bare}/"
    yield f"{bare}/{{empty}}"
    yield f"{version.upper()}/{joined}"
    yield bare.upper()
    yield bare.title()
    yield f"{version}/{joined}x"
    yield f"{version}/{joined[:-1]}"
    yield f"{version}/{joined[:1]}{joined[2:]}"
    for index, segment in enumerate(rest):
        for other in {
            segment.capitalize(),
            camel(segment),
            segment.replace("-", "_"),
            segment.replace("_", "-"),
            segment.replace("-", ""),
            f"{segment[:2]}_{segment[2:]}",
            f"{segment[:2]}-{segment[2:]}",
            f"{segment[:-2]}{segment[-1:]}{segment[-2:-1]}",
            f"{segment}s",
            f"_{segment}",
            f"~{segment}",
            f"{segment};a=b",
            f"{segment}$",
        } - {segment, "_", "-"}:
            yield "/".join([version, *rest[:index], other, *rest[index + 1 :]])
    yield joined
    yield f"{version}/{bare}"
    yield f"hk/{bare}"
    yield f"pay/hk/{bare}"
    yield f"v4/{joined}"
    yield f"brand/{joined}"
    yield f"{'v2' if version == 'v3' else 'v3'}/{joined}"
    yield f"{version}/global/{joined}"
    yield bare.replace("/global/", "/")
    yield f"{bare}/modify"
    yield f"{bare}/4200001/modify"
    yield f"{bare}.json"
    yield bare.replace("/", ".")
    yield f"{version}/{'-'.join(rest)}"
    yield f"{version}/{''.join(rest)}"


def call(chain, verb, **options):
    try:
        getattr(chain, verb)(**options)
    except (ChainableError, TypeError, requests.RequestException):
        return


def options_for(path, options):
    """Under APIv2 a body is XML, under APIv3 JSON."""
    body = options.get("json", options.get("xml"))
    if body is None or "params" in options:
        return options
    return {"xml" if path.split("/")[0].lower() == "v2" else "json": body}


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_no_spelling_of_the_path_lets_a_person_leave(client, recorder, operation):
    recorder.sent.clear()
    given = list(bodies(operation))
    for path in dict.fromkeys(spellings(concrete(operation))):
        chain = client[path]
        for options in given:
            call(chain, operation.method.lower(), **options_for(path, options))
    assert sorted({request.path_url for request in recorder.plain()}) == []


def other_ways(client, operation):
    """Chains that lead to the operation, or beside it, by other means than a literal path."""
    path = concrete(operation).rstrip("/")
    segments = path.split("/")
    for index in range(1, len(segments)):
        template = "/".join([*segments[:index], "{something}", *segments[index + 1 :]])
        yield client[template], {"something": segments[index]}
        yield client[f"{template}/"], {"something": segments[index].upper()}
        yield client["/".join([*segments[:index], "{something}"])], {"something": "/".join(segments[index:])}
    for joined in (path, f"{path}/"):
        node = client[f"{segments[0]}/"]
        for segment in joined.split("/")[1:]:
            node = node[segment] if segment in VERBS else node[f"{segment}/"] if segment else node["{empty}"]
        yield node, {}
    if segments[0] in {"v2", "v3"}:
        node = getattr(client, segments[0])
        for segment in segments[1:]:
            node = getattr(node, segment.replace("-", "_") + "_" * (segment in VERBS))
        yield node, {}
        yield node.more, {}
        yield node._empty_, {} if node._empty_ == node else {"empty": "x"}
        yield node["4200001"], {}


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_no_other_way_to_the_path_lets_a_person_leave(client, recorder, operation):
    recorder.sent.clear()
    given = list(bodies(operation))
    for chain, values in other_ways(client, operation):
        for options in given:
            call(chain, operation.method.lower(), **options_for(str(chain), options), **values)
    assert sorted({request.path_url for request in recorder.plain()}) == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_no_other_verb_lets_a_person_leave(client, recorder, operation):
    recorder.sent.clear()
    for verb in VERBS:
        for path in (concrete(operation), concrete(operation).rstrip("/")):
            for options in bodies(operation):
                known = catalogue.operation(f"{verb.upper()} {operation.path}")
                if known is None or known == operation:
                    call(client[path], verb, **options)
    assert sorted({f"{request.method} {request.path_url}" for request in recorder.plain()}) == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_no_access_point_lets_a_person_leave(make, recorder, operation):
    recorder.sent.clear()
    first, *rest = concrete(operation).split("/")
    for prefix in (first, "/".join([first, *rest[:1]])):
        below = concrete(operation).removeprefix(f"{prefix}/")
        with make(base_url=f"http://127.0.0.1:9/{prefix}/") as client:
            for options in bodies(operation):
                call(client[below], operation.method.lower(), **options)
                call(client[concrete(operation)], operation.method.lower(), **options)
    assert sorted({request.path_url for request in recorder.plain()}) == []


def misplaced(operation):
    """The person's data in other spellings, types and places of the request."""
    for spell in (
        camel,
        str.upper,
        str.title,
        lambda name: name.replace("_", "-"),
        lambda name: name.replace("_", " "),
        lambda name: name.replace("_", ""),
        lambda name: f" {name} ",
        lambda name: f"{name}[]",
    ):
        yield from bodies(operation, spell=spell)
    for value in ([PLANTED], [[PLANTED]], {"a": PLANTED}, {"a": [PLANTED]}, 19900307, (PLANTED, None)):
        yield from bodies(operation, value)
    for options in bodies(operation):
        ((option, body),) = options.items()
        yield {option: [body]}
        yield {option: json.dumps(body, ensure_ascii=False)}
        yield {
            option: {name: json.dumps(inner, ensure_ascii=False) for name, inner in body.items() if inner != PLANTED}
        }
        yield {option: {name: [inner] for name, inner in body.items()}}
        yield {option: Twisted(body)}
        if operation.path[:2] == "v3":
            yield {"data": json.dumps(body).encode()}
            yield {"data": json.dumps(body, ensure_ascii=False).encode()}
            yield {"data": f"{innermost(body)}={PLANTED}".encode()}
            yield {"data": f"<xml><{innermost(body)}>{PLANTED}</{innermost(body)}></xml>".encode()}
            yield {"params" if option == "json" else "json": body}
            yield {"params": {innermost(body): "PLANTED"}}
            yield {"params": {f"a[{innermost(body)}]": "PLANTED"}}
            yield {"json": body, "files": {"file": ("a.png", b"x")}}


def innermost(body):
    ((name, inner),) = body.items()
    return innermost(inner) if isinstance(inner, dict) else name


class Twisted:
    """A mapping with no more than what a codec asks for."""

    def __init__(self, inner):
        self._inner = inner

    def keys(self):
        return self._inner.keys()

    def items(self):
        return self._inner.items()

    def values(self):
        return self._inner.values()


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
def test_no_place_in_the_request_lets_a_person_leave(client, recorder, operation):
    recorder.sent.clear()
    for options in misplaced(operation):
        for path in (concrete(operation), concrete(operation).rstrip("/")):
            call(client[path], operation.method.lower(), **options)
    found = {_text(request)[len("http://127.0.0.1:9") :] for request in recorder.plain()}
    assert sorted(found) == []


def filled(fields, prefix=()):
    """A value for each field that is sent plain."""
    value = {}
    for field in fields or ():
        if field.fields and not field.encoded:
            inner = filled(field.fields, (*prefix, field.name))
            value[field.name] = [inner] if field.type.endswith("[]") else inner
        elif not field.encrypted:
            value[field.name] = ["text"] if field.type.endswith("[]") else "text"
    return value


class TestFalseAlarms:
    def test_no_plain_field_of_an_operation_is_refused(self):
        for operation in catalogue.operations():
            if operation.personal:
                known = of_operation(operation)
                request = operation.request
                known.check_query(filled(request.query))
                for fields in (request.json, request.xml, request.multipart):
                    known.check_body(filled(fields))

    @pytest.mark.parametrize("version", ["v2", "v3"])
    def test_no_plain_field_is_refused_at_an_unknown_path(self, version):
        unknown = by_scopes((version,))
        for operation in catalogue.operations():
            if operation.path.startswith(version):
                request = operation.request
                unknown.check_query(filled(request.query))
                for fields in (request.json, request.xml, request.multipart):
                    unknown.check_body(filled(fields))

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "text", "mobile": "text", "address": "text", "number": "text", "goods": [{"name": "text"}]},
            {"user_name": None, "id_card_number": [None]},
            ["id_card_number"],
            {"id_card_number": {}, "real_name": True, "list": ["real_name", 1]},
            {"detail": '{"real_name": "in a text of its own"}'},
            {7: "no text as a key, which the codec refuses"},
        ],
    )
    def test_names_with_a_plain_meaning_are_sent(self, body):
        by_scopes(("v3", "v3/brand-new")).check_body(body)

    def test_unknown_paths_and_verbs_are_sent(self, client, recorder):
        recorder.sent.clear()
        for chain, verb in (
            (client.v3.brand_new.thing, "post"),
            (client["brand/brand-new/thing"], "get"),
            (client.v3.pay.transactions.native, "put"),
            (client["v3/refund/domestic/refunds/batch-query"], "patch"),
            (client.v3.refund.domestic.refunds.batch_query, "get"),
            (client["v3/pay/transactions/native/4200001/more"], "delete"),
        ):
            with contextlib.suppress(requests.RequestException, ConfigurationError):
                getattr(chain, verb)(
                    json={"name": "text", "out_trade_no": "ID"}, params={"name": "text"}, headers={"X": "y"}
                )
        assert [request.path_url for request in recorder.sent] == [
            "/v3/brand-new/thing?name=text",
            "/v3/pay/transactions/native?name=text",
            "/v3/refund/domestic/refunds/batch-query?name=text",
            "/v3/refund/domestic/refunds/batch-query?name=text",
            "/v3/pay/transactions/native/4200001/more?name=text",
        ]


class TestSaying:
    def test_how_to_go_on(self, client, recorder):
        recorder.sent.clear()
        chain = client.v3.brand_new.thing
        with pytest.raises(
            CodecError, match=r"^payer\.idCardNumber: .*spelled id_card_number.*certificates.default_serial"
        ):
            chain.post(json={"payer": {"idCardNumber": PLANTED}})
        for value, headers in (
            (Sensitive(PLANTED), {}),
            (client.encrypt(PLANTED), {}),
            ("as it is", {"wechatpay-serial": client.certificates.default_serial}),
        ):
            with pytest.raises(requests.ReadTimeout):
                chain.post(json={"payer": {"id_card_number": value}}, headers=headers)
        assert recorder.plain() == []
        assert json.loads(recorder.sent[-1].body) == {"payer": {"id_card_number": "as it is"}}

    def test_where_it_stands(self, client):
        for options, words in (
            ({"params": {"real_name": "x"}}, "^real_name: "),
            ({"headers": {"Real-Name": "x"}}, "^headers: Real-Name: real_name is sent encrypted only, in json"),
            ({"data": b"a=1&real_name=x"}, "^real_name: is sent encrypted only: give a mapping"),
            ({"data": b'{"a": [{"real_name": "x"}]}'}, r"^a\[0\]\.real_name: "),
        ):
            with pytest.raises(CodecError, match=words) as caught:
                client.v3.brand_new.thing.post(**options)
            assert "'x'" not in str(caught.value)

    def test_sealed_values_are_sent_in_lists_too(self):
        known = of_operation(catalogue.operation("POST v3/pay/transactions/native"))
        sealed = Sensitive(PLANTED)
        known.check_body({"payer": {"identity": {"name": [sealed, None], "number": {"a": sealed}}}})
        known.check_body({"payer": {"identity": {"name": None, "number": sealed}, "[]": "x"}})

    def test_an_empty_serial_names_no_key(self, client):
        with pytest.raises(CodecError, match="^payer.identity.name: is sent encrypted only"):
            client.v3.pay.transactions.native.post(
                json={"payer": {"identity": {"name": PLANTED}}}, headers={"Wechatpay-Serial": ""}
            )

    def test_a_value_that_contains_itself(self, client):
        body = {}
        body["a"] = body
        with pytest.raises(CodecError, match="contains itself"):
            client.v3.brand_new.thing.post(json=body)

    def test_a_person_in_the_path(self, client, recorder):
        recorder.sent.clear()
        chain = client["v3/brand-new/{id_doc_number}/{other}"]
        with pytest.raises(CodecError, match=r"^id_doc_number: .*client\.encrypt"):
            chain.get(id_doc_number=PLANTED, other="1")
        for value, headers in ((client.encrypt(PLANTED), {}), ("c", {"Wechatpay-Serial": "PUB_KEY_ID_1"})):
            with pytest.raises(requests.ReadTimeout):
                chain.get(id_doc_number=value, other="1", headers=headers)
        assert len(recorder.sent) == 2
        assert recorder.plain() == []

    def test_bytes_without_a_persons_name_are_sent(self, client, recorder):
        recorder.sent.clear()
        for data in (b"\xff\x00", b"a=1&b=2", b'"text"', b"[1]"):
            with pytest.raises(requests.ReadTimeout):
                client.v3.brand_new.thing.post(data=data)
        assert len(recorder.sent) == 4
