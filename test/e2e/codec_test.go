package e2e_test

import (
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The codec of json_codec encodes structs on the node. Without json_codec, a struct is an
// error that names the key.
func TestEncodersOfTheApplication(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	codec := "TestApp.Codec"
	if node.RealAbsinthe() {
		codec = "Jason"
		node.Eval(t, strings.Replace(money, "defstruct", "@derive {Jason.Encoder, only: [:amount]}\n  defstruct", 1))
		change(t, node, "{:ok, Fields.bad_term()}", "{:ok, TestApp.Money.answer()}")
	} else {
		node.Eval(t, money+`
recorded = :persistent_term.get(Absinthe)
result = {:ok, %{data: %{"badTerm" => TestApp.Money.answer()}}}
:persistent_term.put(Absinthe, %{recorded | cases: Map.put(recorded.cases, {"{ badTerm }", %{}, nil, %{}}, result)})`)
	}

	g := startGateway(t, configFor(epmd, "    json_codec: "+codec))
	const price = `{"amount":5}`
	want := `{"data":{"badTerm":{"day":"2026-11-22","prices":[` + price + `,{"of":` + price + `}]}}}`
	if status, answer := g.query(t, `{ badTerm }`); status != 200 || answer != want {
		t.Errorf("%d %s, want %s", status, answer, want)
	}
	if err := g.stop(); err != nil {
		t.Error(err)
	}

	g = startGateway(t, configFor(epmd))
	status, answer := g.query(t, `{ badTerm }`)
	if status != 500 || code(t, answer) != "INTERNAL" || !strings.Contains(answer, "at data.badTerm.prices[0]: unknown struct TestApp.Money.") || !strings.Contains(answer, "json_codec") {
		t.Errorf("%d %s", status, answer)
	}
	if err := g.stop(); err != nil {
		t.Error(err)
	}

	// An error of the codec fails the operation.
	g = startGateway(t, configFor(epmd, "    json_codec: TestApp.NoCodec"))
	if status, answer := g.query(t, `{ badTerm }`); status != 500 || code(t, answer) != "INTERNAL" {
		t.Errorf("%d %s", status, answer)
	}
	if !strings.Contains(g.log.String(), "TestApp.NoCodec") {
		t.Error("the log does not say why")
	}
}

const money = `
defmodule TestApp.Money do
  defstruct [:amount, :currency]

  def answer do
    price = %__MODULE__{amount: 5, currency: :EUR}
    %{"prices" => [price, %{"of" => price}], "day" => ~D[2026-11-22]}
  end
end

defmodule TestApp.Codec do
  def encode!(%{amount: amount}), do: ~s({"amount":#{amount}})
end
`
