package keypath

import "regexp"

// labels matches usual names in the configuration. A secret in the wrong place, such as
// {s3cret} in place of a section, usually does not match.
var labels = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,39}[?!]?$`)

// Label returns a name of the configuration for an error. Errors say where it is.
func Label(name string) string {
	if labels.MatchString(name) {
		return name
	}
	return "(name)"
}
