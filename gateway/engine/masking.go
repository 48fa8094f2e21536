package engine

import "strings"

// maxLoggedErrors bounds the masked errors of one result that are logged, and
// maxLoggedBytes each of them.
const (
	maxLoggedErrors = 10
	maxLoggedBytes  = 1 << 10
)

// presentErrors changes the errors of a result as the application's section says.
func (r *run) presentErrors(result Result) error {
	rules := ErrorRules{Extensions: r.Config.ErrorExtensions, Mask: r.Config.MaskErrors}
	if rules == (ErrorRules{}) || !result.HasErrors() {
		return nil
	}
	if !r.result.JSON.ReservePaid(2*result.Size(), 0) {
		return NoMemory(errNoMemory, r.call.Idempotent)
	}
	result.PresentErrors(rules, func(text string) {
		if len(r.masked) < maxLoggedErrors {
			r.masked = append(r.masked, strings.ToValidUTF8(text[:min(len(text), maxLoggedBytes)], ""))
		}
	})
	return nil
}

// logMasked logs the errors that the client does not see.
func (r *run) logMasked() {
	for _, text := range r.masked {
		r.Log.Warn("error masked", "request_id", r.caller.Request.ID, "path", r.Path, "error", text)
	}
}
