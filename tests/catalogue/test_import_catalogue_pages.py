"""Documentation pages are read: fields, marks, examples, rules; what is wrong is named with its line."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tools.import_catalogue import checkout, events, markdown, operations, php
from tools.import_catalogue.problems import Problems

PAGE = """\
---
title: 下单
description: 商户可通过该接口下单。
---

# {{ $frontmatter.title }} {#post}

{{ $frontmatter.description }}

::: warning :beginner: {.im-redesigned}

本接口服务已于 `2022.09.08` (北京时间)发布新版，新接口见[这里](/openapi/v3/global/parcels#post)，此文档仅做留存参考。

:::

| 请求参数 | 类型 {.type} | 描述 {.desc}
| --- | --- | ---
| base_uri | string | 声明接入点`https://apihk.mch.weixin.qq.com/`(香港接入)
| security {data-required} | `true` | 声明加载商户API证书
| parcel_id {data-required} | string | 包裹号
| json {data-required} | object {data-tooltip="对应PHP的array"} | 声明请求的`JSON`数据结构<br/>`openid`与`sub_openid`二选一
| openid {data-indent=1} | string | 用户标识
| sub_openid {data-indent=1} | string | 用户标识
| size {data-required data-indent=1} | string | 大小<br/>`BIG` \\| `SMALL` \\| `BIG` 枚举值之一
| color {data-indent=1} | string | `RED`：红色<br/>`BLUE`：蓝色
| version {data-indent=1} | string | 固定值`1.0`
| count {data-indent=1} | number | 件数
| weight {data-indent=1} | number | 重量
| goods {data-required data-indent=1} | object[] {data-tooltip="对应PHP的array"} | 商品列表
| name {data-required data-indent=2} | string {data-tooltip=加密后的BASE64字符串 data-encrypted=by-rsa-pubkey} | 名称
| box {data-indent=2} | object | 盒子<br/>`length`、`width` 至少填一个
| length {data-indent=3} | int | 长
| width {data-indent=3} | integer | 宽
| detail {data-indent=1} | string {data-tooltip=使用json_encode后的字符串 data-encoded=by-json_encode} | 详情
| {colspan=3 .im-table-line}
| item {data-indent=2} | object[] | 明细
| sku {data-required data-indent=3} | string | 编码
| headers {data-required} | object | 声明请求的头参数
| Wechatpay-Serial {data-required data-indent=1} | string | 微信支付公钥ID/平台证书序列号

{.im-table #request}

::: code-group

```php [异步纯链式]
$instance->v3->parcels->_parcel_id_->send->postAsync([]);
```

```php [异步声明式]
$instance->chain('v3/parcels/{parcel_id}/send')->postAsync([
  'parcel_id' => 'P1', // 包裹号
  'json' => [
    'openid' => 'o\\'1',
    'size'   => 'BIG',
    'count'  => 2,
    'weight' => 1.5,
    'goods'  => [['name' => '', 'box' => ['length' => '3', 'width' => 'wide']],],
    'detail' => \\json_encode([['sku' => 'S1']]),
  ],
  'headers' => ['Wechatpay-Serial' => 'PUB_KEY_ID_01'],
])
->then(static function(\\Psr\\Http\\Message\\ResponseInterface $response) {
  print_r(json_decode((string) $response->getBody(), true));
})
->wait();
```

:::

| 返回字典 | 类型 {.type} | 描述 {.desc}
| --- | --- | ---
| send_id {data-required} | string | 发送号
| user_name | string {data-encrypted=by-aes-gcm} | 姓名

{.im-table #response}

参阅 [官方文档](https://pay.weixin.qq.com/doc/v3/merchant/1) [官方文档](https://pay.weixin.qq.com/doc/v3/partner/2)

- [官方文档](https://pay.weixin.qq.com/doc/v3/merchant/3)
"""

RECORD = {
    "title": "下单",
    "docs": [
        "https://pay.weixin.qq.com/doc/v3/merchant/1",
        "https://pay.weixin.qq.com/doc/v3/partner/2",
        "https://pay.weixin.qq.com/doc/v3/merchant/3",
    ],
    "base_uri": "https://apihk.mch.weixin.qq.com/",
    "base_uri_optional": True,
    "mtls": True,
    "status": "redesigned",
    "successor": "POST v3/global/parcels",
    "request": {
        "path": {"parcel_id": {"type": "string", "required": True, "example": "P1"}},
        "json": {
            "openid": {"type": "string", "example": "o'1"},
            "sub_openid": "string",
            "size": {"type": "string", "required": True, "enum": ["BIG", "SMALL", "BIG"], "example": "BIG"},
            "color": {"type": "string", "enum": ["RED", "BLUE"]},
            "version": {"type": "string", "enum": ["1.0"]},
            "count": {"type": "number", "example": 2},
            "weight": {"type": "number", "example": 1.5},
            "goods": {
                "type": "object[]",
                "required": True,
                "fields": {
                    "name": {"type": "string", "required": True, "encrypted": "rsa"},
                    "box": {
                        "type": "object",
                        "one_of": [["length", "width"]],
                        "fields": {
                            "length": {"type": "integer", "example": "3"},
                            "width": {"type": "integer", "example": "wide"},
                        },
                    },
                },
            },
            "detail": {
                "type": "string",
                "encoded": "json",
                "decoded": "object[]",
                "example": '[{"sku":"S1"}]',
                "fields": {"sku": {"type": "string", "required": True, "example": "S1"}},
            },
        },
        "headers": {"Wechatpay-Serial": {"type": "string", "required": True, "example": "PUB_KEY_ID_01"}},
    },
    "encrypted": True,
    "one_of": {"json": [["openid", "sub_openid"]]},
    "content": "json",
    "answer": {
        "send_id": {"type": "string", "required": True},
        "user_name": {"type": "string", "encrypted": "aes-gcm"},
    },
}


def read(text, page="v3/parcels/{parcel_id}/send", reader=operations.operations):
    problems = Problems()
    found = {key: record for key, _, record in reader(page, markdown.sections(text, problems), problems)}
    return found, [f"{problem.line}: {problem.text}" for problem in problems.found]


def test_a_page_is_read_whole():
    found, problems = read(PAGE)
    assert problems == []
    assert found == {"POST v3/parcels/{parcel_id}/send": RECORD}


@pytest.mark.parametrize(
    ("said", "code", "page", "key"),
    [
        ("", "$instance['v3/Parcels/{empty}']->get([]);", "", "GET v3/Parcels/"),
        ("", '$client->chain("v2/secapi/x")->get();', "", "GET v2/secapi/x"),
        ("", "$instance->v3->payParcels->get([]);", "v3/pay_parcels", "GET v3/pay_parcels"),
        ("", "$instance->v3->payParcels->get([]);", "anywhere", "GET v3/pay-parcels"),
        ("", "", "v3/applyments/index", "GET v3/applyments/"),
        ("", "", "v2/appauth/authindex", "GET v2/appauth/authindex"),
        ("| id {data-required} | string | x", "$i->v3->a->_id_->get([]);", "there", "GET v3/a/{id}"),
        ("| id {data-required} | string | x", "$i->v3->a->{'{id}'}->get([]);", "there", "GET v3/a/{id}"),
    ],
)
def test_the_path_is_what_the_code_says_and_else_the_place_of_the_page(said, code, page, key):
    found, problems = read(small(said, code), page)
    assert (list(found), problems) == ([key], [])


def small(request="", code="", response="| 空字符串(无返回内容) {align=center colspan=3}", verb="get"):
    return textwrap.dedent("""\
        # 查询 {{#{verb}}}

        | 请求参数 | 类型 {{.type}} | 描述 {{.desc}}
        | --- | --- | ---
        {request}

        {{.im-table #request}}

        ```php [同步声明式]
        {code}
        ```

        | 返回字典 | 类型 {{.type}} | 描述 {{.desc}}
        | --- | --- | ---
        {response}
        """).format(verb=verb, request=request, code=code, response=response)


@pytest.mark.parametrize(
    ("response", "code", "content"),
    [
        ("| 空字符串(无返回内容) {align=center colspan=3}", "", "empty"),
        ("| `30x`跳转(无实际返回信息) {align=center colspan=3}", "", "redirect"),
        ("| 文件流(保存后按本地图片查看) {align=center colspan=3}", "", "binary"),
        ("| code | string | 码", r"\WeChatPay\Transformer::toArray($body);", "xml"),
        ("| code | string | 码", "", "json"),
        ("| code | string | 码", "$i->chain('v3/a')->get(['sink' => './f']);", "binary"),
    ],
)
def test_what_comes_back(response, code, content):
    found, problems = read(small("", code, response), "v3/a")
    assert problems == []
    assert found["GET v3/a"]["content"] == content
    assert found["GET v3/a"].get("answer") == ({"code": "string"} if "code |" in response else None)


def test_a_page_of_several_operations_has_each_below_its_heading():
    text = "# 商户 {#mix}\n\n" + "\n".join(
        small(f"| json {{data-required}} | object | x\n| {verb} {{data-indent=1}} | string | x", verb=verb).replace(
            "# 查询", f"## {verb}的接口"
        )
        for verb in ("post", "put")
    )
    found, problems = read(text, "v3/merchants")
    assert problems == []
    assert {key: (record["title"], record["request"]["json"]) for key, record in found.items()} == {
        "POST v3/merchants": ("post的接口", {"post": "string"}),
        "PUT v3/merchants": ("put的接口", {"put": "string"}),
    }


@pytest.mark.parametrize(
    ("description", "values"),
    [
        (r"a<br/>`A` \| `B` 枚举值之一", ["A", "B"]),
        ("a<br/>`A` `B` 枚举值之一<br/>默认值 `C`", ["A", "B"]),
        ("a<br/> `A` 枚举值", ["A"]),
        ("a<br/>固定为`A`", ["A"]),
        ("枚举值：<br/>ADD：签约<br/>DELETE：解约", ["ADD", "DELETE"]),
        ("1、`OPEN`：授权<br/>2、`CLOSE`：解除", ["OPEN", "CLOSE"]),
        ("类型是`A`时，是商户号", None),
        ("a | `A` | `B` 枚举值之一", None),
    ],
)
def test_enumerations(description, values):
    text = small(f"| query | object | q\n| a {{data-indent=1}} | string | {description}")
    found, _ = read(text, "v3/a")
    field = found["GET v3/a"]["request"]["query"]["a"]
    assert (None if field == "string" else field["enum"]) == values


def test_bare_pipes_between_values_are_forgiven():
    found, problems = read(
        small("| query | object | q\n| a {data-indent=1} | string | 方式<br/>`CFT` | `WPHK` 枚举值之一"), "v3/a"
    )
    assert found["GET v3/a"]["request"]["query"]["a"]["enum"] == ["CFT", "WPHK"]
    assert problems == []


@pytest.mark.parametrize(
    "said",
    [
        "`a`与`b`二选一",
        "`a`、`b`两者必填其一",
        "`a`/`b`不能同时为空",
        "`a` 和 `b` 至少填一个",
        "`a`或`b`必须填写其中一项",
    ],
)
def test_either_or_rules(said):
    rows = "| json | object | x\n| a {data-indent=1} | string | A\n| b {data-indent=1} | string | " + said
    found, problems = read(small(rows, verb="post"), "v3/a")
    assert found["POST v3/a"]["one_of"] == {"json": [["a", "b"]]}
    assert problems == []


def test_of_two_forms_of_an_object_only_what_both_require_is_required():
    rows = """\
| xml {data-required} | object | x
| scene {data-required data-indent=1} | object | 停车
| start {data-required data-indent=2} | string | x
| plate {data-required data-indent=2} | string | x
| name {data-required data-indent=2} | string | x
| scene {data-required data-indent=1} | object | 车位
| start {data-required data-indent=2} | string | x
| name {data-indent=2} | string | x
| space {data-required data-indent=2} | string | x"""
    found, _ = read(small(rows, verb="post"), "v2/a")
    assert found["POST v2/a"]["request"]["xml"]["scene"]["fields"] == {
        "start": {"type": "string", "required": True},
        "plate": "string",
        "name": "string",
        "space": "string",
    }


def test_an_upload():
    rows = """\
| body {data-required} | object | `multipart/form-data` 数据结构
| file {data-required data-indent=1} | object | 图片
| meta {data-required data-indent=1} | string | 元信息
| {colspan=3 .im-table-line}
| sha256 {data-required data-indent=2} | string | 摘要"""
    code = "$m->setMeta(\\json_encode(['sha256' => 'abc']));\n$i->chain('v3/a')->post(['body' => $m->getStream()]);"
    found, problems = read(small(rows, code, verb="post"), "v3/a")
    assert problems == []
    assert found["POST v3/a"]["request"]["multipart"] == {
        "file": {"type": "file", "required": True},
        "meta": {
            "type": "string",
            "required": True,
            "encoded": "json",
            "example": '{"sha256":"abc"}',
            "fields": {"sha256": {"type": "string", "required": True, "example": "abc"}},
        },
    }


@pytest.mark.parametrize(
    ("text", "page", "problem"),
    [
        (small("| a | text | x"), "v3/a", "5: the type 'text' of a is unknown"),
        (small("| a | | x"), "v3/a", "5: the type '' of a is unknown"),
        (small("| query | object | q\n| b {data-indent=2} | string | x"), "v3/a", "6: b stands 2 levels deep"),
        (small("| query | object | q\n| b {data-indent=x} | string | x"), "v3/a", "6: data-indent of b is 'x'"),
        (
            small("| query | object | q\n| b {data-indent=1} | string {data-encrypted=by-rot13} | x"),
            "v3/a",
            "6: data-encrypted is 'by-rot13'",
        ),
        (small("| other | string | x"), "v3/a", "5: other is no variable of v3/a"),
        (small(""), "v3/a/{id}", "0: the path v3/a/{id} has {id}, and no row speaks of it"),
        (small(""), "pay/a", "1: neither the code nor the place of this file says a path"),
        ("# 标题 {#get}\n", "v3/a", "1: 0 tables headed 请求参数"),
        (small("").replace("返回字典", "应答"), "v3/a", "1: 0 tables headed 返回字典"),
        (small("").replace(" {#get}", ""), "v3/a", "1: this section needs the verb behind its title"),
        ("---\ntitle: [\n---\n" + small(""), "v3/a", "3: the front matter is not YAML"),
        ("---\na: 2020-99-99\n---\n" + small(""), "v3/a", "1: the front matter is not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, page, problem):
    _, problems = read(text, page)
    assert any(each.startswith(problem) for each in problems), problems


EVENT = """\
---
title: 通知
---

# {{ $frontmatter.title }} {#post}

| 请求参数 | 类型 {.type} | 描述 {.desc}
| -- | -- | --
| headers {data-required} | object | 头
| Request-ID {data-required data-indent=1} | string | 标识
| body {data-required} | object | 体
| event_type {data-required data-indent=1} | string | 类型<br/>`PARCEL.SENT` \\| `PARCEL.LOST` 枚举值之一
| resource {data-required data-indent=1} | object | 数据
| original_type {data-indent=2} | string | `parcel` 枚举值
| ciphertext {data-required data-indent=2} | string {data-encrypted=by-aes-gcm} | 密文
| {colspan=3 .im-table-line}
| parcel_id {data-required data-indent=3} | string | 包裹号

{.im-table #request}

参阅 [官方文档](https://pay.weixin.qq.com/doc/v3/merchant/9)
"""


def test_events_of_apiv3():
    found, problems = read(EVENT, "v3/PARCEL.SENT", events.events)
    assert problems == []
    assert found == {
        "v3 PARCEL.SENT": {
            "event_type": "PARCEL.SENT",
            "event_types": ["PARCEL.SENT", "PARCEL.LOST"],
            "title": "通知",
            "docs": ["https://pay.weixin.qq.com/doc/v3/merchant/9"],
            "headers": ["Request-ID"],
            "original_type": "parcel",
            "resource": {"parcel_id": {"type": "string", "required": True}},
        }
    }
    for opened in ("original_data {data-indent=2} | object", "original_type {data-indent=2} | string"):
        moved = EVENT.replace("| {colspan=3 .im-table-line}", f"| {opened} | 原始数据")
        assert read(moved, "v3/PARCEL.SENT", events.events)[0]["v3 PARCEL.SENT"]["resource"].keys() == {"parcel_id"}


def test_events_of_apiv2():
    text = EVENT.replace("event_type {", "req_info {").replace(" {data-encrypted=by-aes-gcm}", "")
    text = text.replace("string | 类型", "string {data-encrypted=by-aes-ecb} | 类型")
    found, problems = read(text, "v2/parcel-sent", events.events)
    assert problems == []
    record = found["v2 parcel-sent"]
    assert (record["event_type"], record["encrypted_field"], record["encryption"]) == (None, "req_info", "aes-ecb")
    assert list(record["fields"]) == ["req_info", "resource"]


@pytest.mark.parametrize(
    ("text", "page", "problem"),
    [
        (EVENT, "PARCEL.SENT", "the page of an event is v2/NAME.md or v3/NAME.md"),
        (EVENT.replace("| body {", "| boody {"), "v3/PARCEL.SENT", "with a row body was expected"),
        (EVENT.replace("| ciphertext {", "| sealed {"), "v3/PARCEL.SENT", "body has no row resource.ciphertext"),
    ],
)
def test_events_that_cannot_be_read(text, page, problem):
    _, problems = read(text, page, events.events)
    assert any(problem in each for each in problems)


def test_php_that_computes_gives_no_example():
    code = """$a = ['x' => 'v'];
        $i->chain('v3/a')->post(['query' => $a, 'n' => -1, 'f' => 0x10, 'c' => time(), 'd' => "a{$b}", 'e' => "t\\t",
          'j' => \\json_encode(['k' => $unknown]), 0 => 'z', ...$rest]);"""
    [call] = php.calls(code)
    assert (call.verb, call.path) == ("post", "v3/a")
    assert call.options["query"] == {"x": "v"}
    assert (call.options["n"], call.options["c"], call.options["d"], call.options["e"]) == (-1, None, None, "t\t")
    assert call.options["j"] == php.Encoded("json_encode", {"k": None})


def test_a_page_for_a_browser_is_an_address_with_a_query():
    code = r"""$e = new \GuzzleHttp\Psr7\Uri('https://payapp.weixin.qq.com/appauth/authindex');
        $q = \GuzzleHttp\Psr7\Query::build(['appid' => 'wx1']);"""
    rows = "| query | object | q\n| appid {data-indent=1} | string | x"
    found, problems = read(small(rows, code), "v2/appauth/authindex")
    assert problems == []
    assert found["GET v2/appauth/authindex"]["base_uri"] == "https://payapp.weixin.qq.com/"
    assert found["GET v2/appauth/authindex"]["request"]["query"]["appid"]["example"] == "wx1"


def test_one_bad_page_does_not_stop_the_rest(tmp_path):
    for file, text in {
        "openapi/v3/good.md": small(""),
        "openapi/v3/twice.md": small("", "$i->chain('v3/good')->get([]);"),
        "openapi/v3/moved.md": "---\ntitle: Moved\nhead:\n  - - meta\n    - http-equiv: refresh\n---\n",
        "openapi/v3/empty.md": "",
        "openapi/index.md": "",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, "utf-8")
    (tmp_path / "openapi/v3/bytes.md").write_bytes(b"\xff\xfe\x00")
    problems, seen = Problems(), []
    found = checkout.read(tmp_path, problems, lambda done, total: seen.append((done, total)))
    assert list(found.operations) == ["GET v3/good"]
    assert found.places == {"GET v3/good": "openapi/v3/good.md:1"}
    assert [str(problem).partition(": ")[0] for problem in problems.found] == [
        "openapi/v3/bytes.md",
        "openapi/v3/empty.md:1",
        "openapi/v3/twice.md:1",
    ]
    assert found.unread == {"v3/bytes", "v3/empty", "v3/twice"}
    assert seen[-1] == (5, 5)


def test_pages_in_other_folders_are_read_too(tmp_path):
    for file, text in {
        "docs/v3/parcels.md": small("").replace("```php", "```text"),
        "docs/anywhere.md": small("", "$i->chain('v3/other')->get([]);"),
        "docs/v3/PARCEL.SENT.md": EVENT,
        "docs/webhook/v2/parcel-sent.md": EVENT,
        "README.md": "# Pages\n",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, "utf-8")
    problems = Problems()
    found = checkout.read(tmp_path, problems)
    assert problems.found == []
    assert (set(found.operations), set(found.events)) == (
        {"GET v3/parcels", "GET v3/other"},
        {"v3 PARCEL.SENT", "v2 parcel-sent"},
    )


def test_a_folder_without_pages_is_refused(tmp_path):
    with pytest.raises(checkout.NotACheckoutError, match="no documentation pages"):
        checkout.read(tmp_path, Problems())


BROKEN = st.lists(st.sampled_from(PAGE.splitlines() + EVENT.splitlines()) | st.text(max_size=20), max_size=40)


@settings(deadline=None, max_examples=60)
@drawn(BROKEN, st.sampled_from(["v3/a/{id}", "v2/a", "x", "v3/index"]))
def test_a_broken_page_never_ends_in_a_traceback(lines, page):
    text = "\n".join(lines)
    for reader in (operations.operations, events.events):
        read(text, page, reader)


@settings(deadline=None, max_examples=60)
@drawn(st.integers(0, len(PAGE)), st.integers(0, 40), st.text(max_size=8))
def test_a_page_that_is_cut_never_ends_in_a_traceback(at, length, put):
    read(PAGE[:at] + put + PAGE[at + length :])
