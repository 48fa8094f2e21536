package operation

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timer := StartTimer(time.Now())
		time.Sleep(1 * time.Second)
		timer.Enter(StageParse) // of a GET
		time.Sleep(2 * time.Second)
		for range 2 { // a retry
			timer.Enter(StageQueue)
			time.Sleep(4 * time.Second)
			timer.Enter(StageNode)
			time.Sleep(8 * time.Second)
		}
		timer.End()
		want := [numStages]time.Duration{StageAuthenticate: 1 * time.Second, StageParse: 2 * time.Second, StageQueue: 8 * time.Second, StageNode: 16 * time.Second}
		if timer.Stages != want || timer.Took() != 27*time.Second {
			t.Errorf("%v, together %v", timer.Stages, timer.Took())
		}
	})
}
