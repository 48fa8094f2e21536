package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
)

// louche serve uses fewer processors than there are under a load that keeps none busy, and
// all of them without load.
func TestProcessorsFollowTheLoad(t *testing.T) {
	g := startDemoGateway(t, os.Stderr)
	processors := func() (now, highest int) {
		resp, err := http.Get(g.admin + "/status")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var s struct {
			Now     int `json:"processors"`
			Highest int `json:"max_processors"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
			t.Fatal(err)
		}
		return s.Now, s.Highest
	}
	now, highest := processors()
	if now != highest || now < 1 {
		t.Fatalf("%d of %d processors before the load", now, highest)
	}
	if highest == 1 {
		t.Skip("the machine has one processor")
	}
	eventually(t, "one processor under a low load", func() bool {
		g.post(t, `{"query":"{ __typename }"}`)
		now, _ = processors()
		return now == 1
	})
	if _, still := processors(); still != highest {
		t.Errorf("at most %d processors under load, %d before", still, highest)
	}
	eventually(t, "all processors without load", func() bool {
		now, _ = processors()
		return now == highest
	})
	if value := g.metric(t, "louche_processors_max"); value != float64(highest) {
		t.Errorf("louche_processors_max is %v, want %d", value, highest)
	}
}
