"""Pages of our own in the form of the public documentation pages, made from records of the catalogue."""

from __future__ import annotations

import json
import re

KINDS = {"file": "object"}
BODIES = {"json": "json", "xml": "xml", "multipart": "body", "query": "query"}


class Code:
    """PHP that is no value: a variable whose value nobody knows."""


def operation_pages(operations):
    """Return the pages of operations by path: those of one path share a page."""
    by_path = {}
    for key, record in operations.items():
        by_path.setdefault(key.partition(" ")[2], {})[key] = record
    pages = {}
    for path, records in by_path.items():
        file = f"openapi/{path}index.md" if path.endswith("/") else f"openapi/{path}.md"
        pages[file] = operation_page(records)
    return pages


def operation_page(records):
    """Return one page: with one operation its title is in the front matter, with several in their headings."""
    (key, first), *others = records.items()
    lines = ["---", f"title: {json.dumps(first['title'], ensure_ascii=False)}", "description: 说明", "---", ""]
    if others:
        lines += ["# 几个接口 {#mix}", ""]
        for each, record in records.items():
            lines += [f"## {record['title']} {{#{each.partition(' ')[0].lower()}}}", "", *section(each, record), ""]
    else:
        verb = key.partition(" ")[0].lower()
        lines += [f"# {{{{ $frontmatter.title }}}} {{#{verb}}}", "", "{{ $frontmatter.description }}", ""]
        lines += section(key, first)
    return "\n".join(lines) + "\n"


def section(key, record):
    verb, _, path = key.partition(" ")
    lines = [*notice(record), "| 请求参数 | 类型 {.type} | 描述 {.desc}", "| --- | --- | ---"]
    lines += request_rows(record)
    lines += ["", "{.im-table #request}", "", "::: code-group", "", *code(verb, path, record), ":::", ""]
    lines += ["| 返回字典 | 类型 {.type} | 描述 {.desc}", "| --- | --- | ---"]
    remark = {"empty": "空字符串(无返回内容)", "redirect": "`30x`跳转(无实际返回信息)", "binary": "文件流(保存后查看)"}
    if record["content"] in remark:
        lines.append(f"| {remark[record['content']]} {{align=center colspan=3}}")
    lines += rows(record.get("answer", {}), 0)
    links = " ".join(f"[官方文档]({address})" for address in record["docs"])
    return [*lines, "", "{.im-table #response}", "", f"参阅 {links}".rstrip()]


def notice(record):
    if "status" not in record:
        return []
    verb, _, path = record.get("successor", "").partition(" ")
    leads = f"，新接口见[这里](/openapi/{path}#{verb.lower()})" if path else ""
    return [
        f"::: warning :beginner: {{.im-{record['status']}}}",
        "",
        f"本接口服务已于 `2022.09.08` 下线{leads}。",
        "",
        ":::",
        "",
    ]


def request_rows(record):
    lines = []
    if "base_uri" in record:
        mark = "" if record.get("base_uri_optional") else " {data-required}"
        lines.append(f"| base_uri{mark} | string | 声明接入点`{record['base_uri']}`")
    lines += ["| security {data-required} | `true` | 声明加载商户API证书"] * bool(record.get("mtls"))
    lines += ["| nonceless {data-required} | `true` | 声明请求无随机字符串参数"] * bool(record.get("nonceless"))
    for place, members in record["request"].items():
        if place == "path":
            lines += rows(members, 0)
        else:
            rules = "".join(rule(group) for group in record.get("one_of", {}).get(place, ()))
            lines.append(f"| {BODIES.get(place, place)} {{data-required}} | object | 声明请求的数据结构{rules}")
            lines += rows(members, 1)
    return lines


def rule(group):
    return f"<br/>{'、'.join(f'`{name}`' for name in group)}至少填一个"


def rows(members, indent):
    lines = []
    for name, given in members.items():
        field = {"type": given} if isinstance(given, str) else given
        lines.append(row(name, field, indent))
        inside = field.get("fields", {})
        if "encoded" in field or (inside and field["type"] == "string"):
            lines.append("| {colspan=3 .im-table-line}")
        if "decoded" in field:
            item = name.removesuffix("s") if name.endswith("s") else name.partition("_")[2] or "item"
            lines.append(row(item, {"type": field["decoded"]}, indent + 1))
            indent_inside = indent + 2
        else:
            indent_inside = indent + 1
        lines += rows(inside, indent_inside)
    return lines


def row(name, field, indent):
    marks = ["data-required"] * bool(field.get("required")) + [f"data-indent={indent}"] * bool(indent)
    kinds = []
    if field.get("encrypted"):
        by = {"rsa": "by-rsa-pubkey"}.get(field["encrypted"], f"by-{field['encrypted']}")
        kinds.append(f"data-tooltip=加密后的BASE64字符串 data-encrypted={by}")
    if field.get("encoded"):
        kinds.append(f"data-encoded=by-{field['encoded'].replace('json', 'json_encode')}")
    said = "描述" + "".join(rule(group) for group in field.get("one_of", ()))
    if field.get("enum"):
        said += "<br/>" + r" \| ".join(f"`{value}`" for value in field["enum"]) + " 枚举值之一"
    shown = f"{name} {{{' '.join(marks)}}}" if marks else name
    kind = KINDS.get(field["type"], field["type"])
    return f"| {shown} | {' '.join([kind, *(f'{{{each}}}' for each in [' '.join(kinds)] if each)])} | {said}"


def code(verb, path, record):
    """Return two of the six examples: the chain of names, which does not say all of the path, and the path."""
    options = passed(record)
    reading = {"xml": r"\WeChatPay\Transformer::toArray($body)"}.get(record["content"], "json_decode($body, true)")
    meta = record["request"].get("multipart", {}).get("meta")
    before = ""
    if isinstance(meta, dict) and (value := example(meta)) is not None:
        before = f"$media->setMeta({php(value)});\n"
    wire = f"{path}{{empty}}" if path.endswith("/") else path
    names = "->".join(chain_name(each) for each in wire.split("/"))
    for label, target in (("异步纯链式", f"$instance->{names}"), ("异步声明式", f"$instance->chain('{wire}')")):
        yield from [f"```php [{label}]", *before.splitlines()]
        yield from f"{target}->{verb.lower()}Async({php(options)})".splitlines()
        yield from ["->then(static function($response) {", f"  print_r({reading});", "})", "->wait();", "```", ""]


def chain_name(segment):
    if segment.startswith("{"):
        return f"_{segment[1:-1]}_"
    return re.sub(r"[-.](\w)", lambda found: found[1].upper(), segment)


def passed(record):
    options = {}
    if "base_uri" in record:
        options["base_uri"] = record["base_uri"]
    if record["content"] == "binary":
        options["sink"] = "./file"
    for place, members in record["request"].items():
        values = examples(members)
        if place == "path":
            options |= values
        elif place != "multipart":
            options[BODIES.get(place, place)] = values
    return options


def examples(members):
    found = {}
    for name, field in members.items():
        value = None if isinstance(field, str) else example(field)
        if value is not None:
            found[name] = value
    return found


def example(field):
    """Return what PHP passes for a field; texts that hold something are encoded there."""
    shown, inside = field.get("example"), examples(field.get("fields", {}))
    if field.get("encoded") and (shown is not None or inside):
        return encoded(field, shown, inside)
    if inside:
        return [inside] if field["type"].endswith("[]") else inside
    if shown is not None and field["type"].endswith("[]"):
        return [shown]
    return shown


def encoded(field, shown, inside):
    if shown is None:  # something in it is computed
        value = inside | {"computed": Code()}
        return ("json_encode", [value] if "decoded" in field else value)
    if field["encoded"] == "urlencode":
        return ("urlencode", ("queryStringLike", inside)) if inside else shown
    try:
        value = json.loads(shown)
    except ValueError:
        return shown
    return ("json_encode", opened(value, field.get("fields", {}))) if isinstance(value, (dict, list)) else shown


def opened(value, members):
    """Return a value with the texts in it that hold something encoded where PHP encodes them."""
    if isinstance(value, list):
        return [opened(each, members) for each in value]
    made = dict(value) if isinstance(value, dict) else value
    for name, field in members.items():
        if isinstance(made, dict) and isinstance(field, dict) and isinstance(made.get(name), (dict, list, str)):
            if field.get("encoded") and isinstance(made[name], str):
                made[name] = example(field)
            elif "fields" in field:
                made[name] = opened(made[name], field["fields"])
    return made


def php(value, indent=""):
    if isinstance(value, Code):
        return "$unknown"
    if isinstance(value, tuple):
        return f"\\{value[0]}({php(value[1], indent)})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    if value is None:
        return "null"
    inner = indent + "  "
    items = (
        [(f"{php(key)} => ", each) for key, each in value.items()]
        if isinstance(value, dict)
        else [("", each) for each in value]
    )
    lines = [f"{inner}{key}{php(each, inner)}," for key, each in items]
    return "[\n" + "\n".join(lines) + f"\n{indent}]" if lines else "[]"


def event_page(version, record):
    """Return the page of an event."""
    lines = ["---", f"title: {json.dumps(record['title'], ensure_ascii=False)}", "---", ""]
    lines += ["# {{ $frontmatter.title }} {#post}", "", "| 请求参数 | 类型 {.type} | 描述 {.desc}", "| -- | -- | --"]
    lines.append("| headers {data-required} | object | 通知的头参数")
    lines += [row(name, {"type": "string", "required": True}, 1) for name in record["headers"]]
    lines.append("| body {data-required} | object | 通知的数据结构")
    if version == "v3":
        kinds = record.get("event_types", [record["event_type"]])
        lines.append(row("event_type", {"type": "string", "enum": kinds}, 1))
        lines.append("| resource {data-required data-indent=1} | object | 通知资源数据")
        original = record.get("original_type", [])
        lines.append(
            row("original_type", {"type": "string", "enum": [original] if isinstance(original, str) else original}, 2)
        )
        lines.append(row("ciphertext", {"type": "string", "encrypted": "aes-gcm"}, 2))
        lines += ["| {colspan=3 .im-table-line}", *rows(record["resource"], 3)]
    else:
        lines += rows(record["fields"], 1)
    links = " ".join(f"[官方文档]({address})" for address in record["docs"])
    return "\n".join([*lines, "", "{.im-table #request}", "", f"参阅 {links}"]) + "\n"


def write(root, pages):
    """Write pages below a folder."""
    for file, text in pages.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root
