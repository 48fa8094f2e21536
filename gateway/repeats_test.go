package gateway

import (
	"testing"
	"time"
)

func TestRefusalsThatRepeatAreToldOnce(t *testing.T) {
	var r repeats
	now := time.Now()
	for _, step := range []struct {
		path, code string
		after      time.Duration
		more       int
		yes        bool
	}{
		{"/a", "OVERLOADED", 0, 0, true},
		{"/a", "OVERLOADED", time.Second, 0, false},
		{"/b", "OVERLOADED", time.Second, 0, true},
		{"/a", "NO_NODE_AVAILABLE", 2 * time.Second, 0, true},
		{"/a", "OVERLOADED", repeatTime - 1, 0, false},
		{"/a", "OVERLOADED", repeatTime, 2, true},
		{"/a", "OVERLOADED", repeatTime + time.Second, 0, false},
	} {
		if more, yes := r.tell(step.path, step.code, now.Add(step.after)); more != step.more || yes != step.yes {
			t.Errorf("%+v: %d, %v", step, more, yes)
		}
	}
}
