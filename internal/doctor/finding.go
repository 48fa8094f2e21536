// Package doctor examines what a gateway needs, from its configuration to the functions that
// its nodes run, in the order in which a gateway depends on it. Each failure says what to do.
// It changes nothing, and runs no operation.
package doctor

import "strings"

// Status is the result of a check.
type Status string

// Results of checks.
const (
	Passed  Status = "ok"
	Warned  Status = "warning" // a gateway runs, but the finding may matter later
	Failed  Status = "failed"
	Skipped Status = "skipped" // an earlier check failed, or the configuration does not need it
)

// A Finding is the result of one check of one thing.
type Finding struct {
	Check  string `json:"check"` // such as "cookie"
	Status Status `json:"status"`
	// Detail is what the check found, in one line.
	Detail string `json:"detail,omitempty"`
	// Remedy says what to do after a failure or a warning.
	Remedy string `json:"remedy,omitempty"`
}

// failed returns the finding for an error. otherwise is the remedy if the error has no known
// one.
func failed(check string, err error, otherwise string) Finding {
	return Finding{check, Failed, oneLine(err.Error()), remedyOf(err, otherwise)}
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }
