package rpcclient

import (
	"fmt"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestSlowCallsAreBounded(t *testing.T) {
	var s SlowCalls
	for i := range 2 * maxSlowProfiles {
		s.add(SlowCall{CallIdentity: CallIdentity{Operation: fmt.Sprint(i)}, Line: "a"})
	}
	for i := range 2 * maxSlowLines {
		s.add(SlowCall{CallIdentity: CallIdentity{Operation: "often"}, Line: fmt.Sprint(i)})
		s.add(SlowCall{CallIdentity: CallIdentity{Operation: "often"}, Line: "1"})
	}
	r := s.Report()
	if len(r.Operations) != maxSlowProfiles || len(r.Recent) != maxRecentSlow {
		t.Errorf("%d operations and %d samples", len(r.Operations), len(r.Recent))
	}
	often := r.Operations[0]
	if often.Operation != "often" || often.Samples != 4*maxSlowLines || len(often.Lines) != maxSlowLines || often.Lines[0].Line != "1" {
		t.Errorf("%+v", often)
	}
}

func frameOf(module string) etf.Term {
	b := etf.AppendAtom(etf.AppendAtom(etf.AppendTuple(nil, 4), module), "f")
	return etf.Term{Bytes: etf.AppendNil(etf.AppendInt(b, 1))}
}

func TestFramesOfTheApplication(t *testing.T) {
	for module, want := range map[string]bool{
		"Elixir.MyApp.Orders":         true,
		"Elixir.Orders":               true,
		"Elixir.Absinthe.Resolution":  false,
		"Elixir.Task.Supervised":      false,
		"Elixir.DBConnection.Holder":  false,
		"gen_server":                  false,
		"Elixir.TaskRunner":           true,
		"Elixir.Ecto.Repo.Supervisor": false,
	} {
		if got := isOfApplication(frameOf(module)); got != want {
			t.Errorf("%s: %v", module, got)
		}
	}
}
