"""The models of the official SDKs, read and compared: on small files in their form."""

from __future__ import annotations

import pytest

from tools import compare_models, source
from tools.models import go, java

GO_MODELS = """\
package parcels

// Order
type Order struct {
	OutTradeNo *string `json:"out_trade_no"`
	Amount *Amount `json:"amount"`
	Note *string `json:"note,omitempty"`
	Size *Size `json:"size,omitempty"`
	Payer *string `json:"payer" encryption:"EM_APIV3"`
	Tags []string `json:"tags,omitempty"`
	SentAt *time.Time `json:"sent_at,omitempty"`
	Extra map[string]string `json:"extra,omitempty"`
	Parts []Order `json:"parts,omitempty"`
	Shop *shared.Shop `json:"shop,omitempty"`
	Other *unheard.Thing `json:"other,omitempty"`
	Word *Word `json:"word,omitempty"`
}

type Amount struct {
	Total *int64 `json:"total"`
	Rate *float64 `json:"rate,omitempty"`
	Free *bool `json:"free,omitempty"`
}

type SameOrder Order

type Word string

type Size string

const (
	SIZE_BIG Size = "BIG"
	SIZE_SMALL Size = "SMALL"
)

type QueryRequest struct {
	OutTradeNo *string `json:"out_trade_no"`
	Mchid *string `json:"mchid"`
	Limit *int64 `json:"limit,omitempty"`
}

type CloseRequest struct {
	OutTradeNo *string `json:"out_trade_no"`
	Mchid *string `json:"mchid"`
}

type CloseBody struct {
	Mchid *string `json:"mchid"`
}
"""

GO_SHOP = """\
package shared

type Shop struct {
	Id *string `json:"id"`
}
"""

GO_API = """\
package parcels

import (
	"github.com/wechatpay-apiv3/wechatpay-go/services/shared"
)

func (a *ParcelsApiService) Send(ctx context.Context, req SameOrder) (resp *shared.Shop, result *core.APIResult, err error) {
	var (
		localVarHTTPMethod   = nethttp.MethodPost
	)
	localVarPath := consts.WechatPayAPIServer + "/v3/parcels"
	localVarPostBody = req
}

func (a *ParcelsApiService) Close(ctx context.Context, req CloseRequest) (result *core.APIResult, err error) {
	var (
		localVarHTTPMethod   = nethttp.MethodPost
	)
	localVarPath := consts.WechatPayAPIServer + "/v3/parcels/{number}/close"
	localVarPostBody = &CloseBody{
		Mchid: req.Mchid,
	}
}

func (a *ParcelsApiService) Query(ctx context.Context, req QueryRequest) (resp *Order, result *core.APIResult, err error) {
	var (
		localVarHTTPMethod   = nethttp.MethodGet
	)
	localVarPath := consts.WechatPayAPIServer + "/v3/parcels/{out_trade_no}"
	localVarQueryParams = neturl.Values{}
	localVarQueryParams.Add("mchid", core.ParameterToString(*req.Mchid, ""))
	if req.Limit != nil {
		localVarQueryParams.Add("limit", core.ParameterToString(*req.Limit, ""))
	}
	localVarQueryParams.Add("unheard", "")
}

func (a *ParcelsApiService) Download(ctx context.Context, req QueryRequest) (result *core.APIResult, err error) {
	return nil, nil
}
"""

JAVA_ORDER = """\
package com.wechat.pay.java.service.parcels.model;

import com.google.gson.annotations.SerializedName;
import com.wechat.pay.java.service.shared.Shop;
import java.util.List;

/** Order */
public class Order {
  /** number */
  @SerializedName("out_trade_no")
  private String outTradeNo;

  @SerializedName("total")
  private Long total;

  public enum SizeEnum {
    @SerializedName("BIG")
    BIG,

    @SerializedName("SMALL")
    SMALL
  }

  @SerializedName("size")
  private SizeEnum size;

  @Encryption
  @SerializedName("payer")
  private String payer;

  @SerializedName("parts")
  @Encryption
  private List<Part> parts;

  @SerializedName("shop")
  private Shop shop;

  @SerializedName("colour")
  private Colour colour;

  @SerializedName("limit")
  private Integer limit;
}
"""

JAVA_FILES = {
    "parcels/model/Order.java": JAVA_ORDER,
    "parcels/model/Part.java": (
        "package com.wechat.pay.java.service.parcels.model;\n\npublic class Part {\n"
        '  @SerializedName("free")\n  private Boolean free;\n}\n'
    ),
    "parcels/model/Colour.java": (
        "package com.wechat.pay.java.service.parcels.model;\n\npublic enum Colour {\n"
        '  @SerializedName("RED")\n  RED,\n\n  @SerializedName("GREEN")\n  GREEN\n}\n'
    ),
    "shared/Shop.java": (
        'package com.wechat.pay.java.service.shared;\n\npublic class Shop {\n  @SerializedName("id")\n'
        "  private String id;\n}\n"
    ),
    "parcels/package-info.java": "// nothing in it\n",
    "parcels/ParcelsService.java": """\
package com.wechat.pay.java.service.parcels;

import com.wechat.pay.java.service.parcels.model.Order;
import com.wechat.pay.java.service.shared.Shop;

public class ParcelsService {
  public Shop send(Order request) {
    String requestPath =
        "https://api.mch.weixin.qq.com/v3/parcels/{out_trade_no}/send";
    HttpRequest httpRequest =
        new HttpRequest.Builder().httpMethod(HttpMethod.POST).body(createRequestBody(realRequest)).build();
    HttpResponse<Shop> httpResponse = httpClient.execute(httpRequest, Shop.class);
    return httpResponse.getServiceResponse();
  }

  public void query(Order request) {
    String requestPath = "https://api.mch.weixin.qq.com/v3/parcels";
    queryParameter.add("limit", urlEncode(realRequest.getLimit().toString()));
    queryParameter.add("unheard", "");
    new HttpRequest.Builder().httpMethod(HttpMethod.GET).build();
  }

  public void ping() {
    String requestPath = "https://api.mch.weixin.qq.com/v3/ping";
    new HttpRequest.Builder().httpMethod(HttpMethod.GET).build();
  }

  public String toString(int indent) {
    return "";
  }
}
""",
}


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.fixture
def go_checkout(tmp_path):
    write(
        tmp_path / "services",
        {
            "parcels/models.go": GO_MODELS,
            "parcels/api_parcels.go": GO_API,
            "parcels/api_parcels_example_test.go": GO_API.replace("/v3/", "/v9/"),
            "shared/models.go": GO_SHOP,
        },
    )
    return tmp_path


@pytest.fixture
def java_checkout(tmp_path):
    write(tmp_path / "service/src/main/java/com/wechat/pay/java/service", JAVA_FILES)
    return tmp_path


def test_go_models_have_names_types_marks_and_enumerations(go_checkout):
    found = go.operations(go_checkout)
    assert list(found) == ["POST v3/parcels", "POST v3/parcels/{number}/close", "GET v3/parcels/{out_trade_no}"]
    sent = found["POST v3/parcels"]["json"]
    assert sent["out_trade_no"] == {"type": "string", "required": True}
    assert sent["note"] == sent["sent_at"] == sent["word"] == {"type": "string", "required": False}
    assert sent["size"] == {"type": "string", "required": False, "enum": ["BIG", "SMALL"]}
    assert sent["payer"] == {"type": "string", "required": True, "encrypted": "rsa"}
    assert (sent["tags"]["type"], sent["extra"]["type"], sent["parts"]["type"]) == ("string[]", "object", "object[]")
    assert [member["type"] for member in sent["amount"]["fields"].values()] == ["integer", "number", "boolean"]
    assert "fields" not in sent["parts"]["fields"]["parts"]  # an order inside an order is not expanded again
    assert sent["shop"]["fields"] == found["POST v3/parcels"]["answer"] == {"id": {"type": "string", "required": True}}
    assert found["POST v3/parcels/{number}/close"] == {"json": {"mchid": {"type": "string", "required": True}}}
    assert found["GET v3/parcels/{out_trade_no}"]["query"] == {
        "mchid": {"type": "string", "required": True},
        "limit": {"type": "integer", "required": False},
    }


def test_java_models_have_names_types_and_enumerations(java_checkout):
    found = java.operations(java_checkout)
    assert list(found) == ["POST v3/parcels/{out_trade_no}/send", "GET v3/parcels", "GET v3/ping"]
    sent = found["POST v3/parcels/{out_trade_no}/send"]["json"]
    assert "out_trade_no" not in sent  # it is in the path
    assert sent["total"] == {"type": "integer", "required": None}
    assert sent["size"]["enum"] == ["BIG", "SMALL"]
    assert sent["colour"]["enum"] == ["RED", "GREEN"]
    assert sent["payer"]["encrypted"] == "rsa"
    assert sent["parts"] == {
        "type": "object[]",
        "required": None,
        "fields": {"free": {"type": "boolean", "required": None}},
    }
    assert found["POST v3/parcels/{out_trade_no}/send"]["answer"] == {"id": {"type": "string", "required": None}}
    assert found["GET v3/parcels"] == {"query": {"limit": {"type": "integer", "required": None}}}
    assert found["GET v3/ping"] == {}


def lines(models, catalogue):
    return [str(found) for found in compare_models.contradictions(models, catalogue)]


def model(kind="string", required=True, **more):
    return {"type": kind, "required": required, **more}


def test_contradictions_by_operation_and_field():
    models = {
        "POST v3/b": {"json": {"a": model()}},
        "POST v3/a/{number}": {
            "query": {"limit": model("integer", required=False)},
            "json": {
                "loose": model(),
                "strict": model(required=False),
                "kind": model("integer"),
                "values": model(enum=["A", "B"]),
                "more": model(enum=["A"]),
                "free": model(enum=["A"]),
                "sealed": model(encrypted="rsa"),
                "new": model(),
                "file": model(),
                "inside": model("object", fields={"deep": model()}),
            },
            "answer": {"promised": model(required=False), "given": model(), "late": model()},
        },
    }
    catalogue = {
        "POST v3/a/{id}": {
            "request": {
                "json": {
                    "loose": "string",
                    "strict": {"type": "string", "required": True},
                    "kind": {"type": "string", "required": True},
                    "values": {"type": "string", "required": True, "enum": ["A"]},
                    "more": {"type": "string", "required": True, "enum": ["A", "C"]},
                    "free": {"type": "string", "required": True},
                    "sealed": {"type": "string", "required": True},
                    "file": {"type": "file", "required": True},
                    "inside": {"type": "object", "required": True, "fields": {"deep": "string"}},
                    "gone": {"type": "string", "required": True},
                    "newer": "string",
                }
            },
            "answer": {"promised": {"type": "string", "required": True}, "late": "string", "newer": "string"},
        }
    }
    assert lines(models, catalogue) == [
        "unknown   POST v3/a/{number} query.limit",
        "stricter  POST v3/a/{number} json.gone",
        "looser    POST v3/a/{number} json.loose",
        "stricter  POST v3/a/{number} json.strict",
        "type      POST v3/a/{number} json.kind  string / integer",
        "enum      POST v3/a/{number} json.values  ['A'] / ['B']",
        "encrypted POST v3/a/{number} json.sealed  False / True",
        "unknown   POST v3/a/{number} json.new",
        "looser    POST v3/a/{number} json.inside.deep",
        "stricter  POST v3/a/{number} answer.promised",
        "unknown   POST v3/a/{number} answer.given",
        "unknown   POST v3/b",
    ]


def test_models_without_marks_say_nothing_of_them():
    ours = {"a": {"type": "string", "required": True}, "b": {"type": "string", "required": True}}
    record = {"request": {"json": ours}, "answer": ours}
    java_like = {"json": {"a": model(required=None)}, "answer": {"a": model(required=None)}}
    all_optional = {"answer": {"a": model(required=False)}}
    for models in (java_like, all_optional):
        assert lines({"POST v3/a": models}, {"POST v3/a": record}) == []
    assert lines({"POST v3/a": {"answer": {"a": model()}}}, {"POST v3/a": {"request": {}}}) == []


def test_a_decision_settles_a_contradiction_and_all_that_is_unknown_inside_it():
    table = {("GET v3/a/{}", "answer.object", "known"), ("GET v3/a/{}", "answer.name", "required")}

    def settled(field, kind):
        return compare_models.decided(compare_models.Contradiction("GET v3/a/{id}", field, kind), table)

    assert settled("answer.object.member", "unknown")
    assert settled("answer.name", "stricter")
    assert not settled("answer.name", "type")
    assert not settled("answer.name.member", "stricter")


def test_the_command_fails_for_what_is_undecided(go_checkout, java_checkout, capsys, monkeypatch):
    assert compare_models.main(["go", str(go_checkout)]) == 1
    assert "unknown   POST v3/parcels" in capsys.readouterr().out
    keys = [*go.operations(go_checkout), *java.operations(java_checkout)]
    monkeypatch.setattr(source, "contradictions", lambda: [(key, "", {"reason": "", "known": False}) for key in keys])
    assert compare_models.main(["go", str(go_checkout)]) == 0
    assert capsys.readouterr().out == "3 contradictions, 0 of them undecided\n"
    assert compare_models.main(["java", str(java_checkout), "--all"]) == 0
    assert "unknown   GET v3/ping" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["go"], ["php", "."], ["go", "a", "b"]])
def test_the_command_takes_an_sdk_and_a_checkout(arguments, capsys):
    assert compare_models.main(arguments) == 2
    assert "usage" in capsys.readouterr().err
