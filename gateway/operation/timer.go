package operation

import "time"

// A Stage is a part of a request. Stages follow each other.
type Stage int

// The stages, in order.
const (
	// StageAuthenticate: the caller is authenticated.
	StageAuthenticate Stage = iota
	// StageRead: the body comes from the client.
	StageRead
	// StageParse: request and document are parsed and checked, and the context is built.
	StageParse
	// StageQueue: the call is encoded, and waits for a slot on a node.
	StageQueue
	// StageNode: the call is on its node.
	StageNode
	// StageTranscode: the result becomes JSON.
	StageTranscode
	// StageWrite: the answer is compressed and sent.
	StageWrite
	numStages
)

var stageNames = [numStages]string{"authenticate", "read", "parse", "queue", "node", "transcode", "write"}

func (s Stage) String() string { return stageNames[s] }

// A Timer measures the stages of a request.
type Timer struct {
	// Stages have the time of each stage.
	Stages [numStages]time.Duration
	stage  Stage // the present one
	since  time.Time
}

// StartTimer returns a Timer in the first stage.
func StartTimer(at time.Time) Timer { return Timer{since: at} }

// Enter ends the present stage and begins another one.
func (t *Timer) Enter(stage Stage) {
	t.End()
	t.stage = stage
}

// End ends the present stage.
func (t *Timer) End() {
	now := time.Now()
	t.Stages[t.stage] += now.Sub(t.since)
	t.since = now
}

// Skip leaves out the time since the last stage ended.
func (t *Timer) Skip() { t.since = time.Now() }

// Ended returns when the last stage ended.
func (t *Timer) Ended() time.Time { return t.since }

// Took returns the time of all stages that have ended.
func (t *Timer) Took() (sum time.Duration) {
	for _, d := range t.Stages {
		sum += d
	}
	return sum
}
