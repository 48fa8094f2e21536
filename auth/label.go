package auth

import "regexp"

// labels are what names in the configuration look like, as a rule. A secret in the wrong
// place does not.
var labels = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,39}[?!]?$`)

// label returns a name of the configuration for an error. Errors say where it is.
func label(name string) string {
	if labels.MatchString(name) {
		return name
	}
	return "(name)"
}
