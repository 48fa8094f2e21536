package configschema

import (
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// A row of a table with the columns key, default and meaning.
type row struct {
	fallback string // the default
	meaning  string
}

var (
	heading = regexp.MustCompile("^##+ ([a-z_]+)(: .*)?$")
	quoted  = regexp.MustCompile("`([^`]+)`")
	link    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	such    = regexp.MustCompile("such as `([^`]+)`")
)

// readTables returns the rows by the path of the key, without indexes: apps.auth.methods.jwt.
// A key is written from the root, from its application, from its method of authentication, or
// from the section that the heading names. The index has all four, and the walk over the code
// uses the one that exists.
func readTables(pages []string) map[string]row {
	rows := make(map[string]row)
	for _, page := range pages {
		section, isTable := "", false
		for line := range strings.Lines(page) {
			line = strings.TrimSpace(line)
			if found := heading.FindStringSubmatch(line); found != nil {
				section = found[1]
			}
			cells := strings.Split(strings.Trim(line, "|"), "|")
			switch {
			case !strings.HasPrefix(line, "|"):
				isTable = false
			case len(cells) >= 3 && strings.TrimSpace(cells[0]) == "key":
				isTable = true
			case isTable && len(cells) >= 3:
				r := row{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])}
				for i, found := range quoted.FindAllStringSubmatch(cells[0], -1) {
					addRow(rows, section, strings.ReplaceAll(found[1], "[]", ""), r.of(i))
				}
			}
		}
	}
	return rows
}

func addRow(rows map[string]row, section, key string, r row) {
	for _, prefix := range []string{"", "apps.", "apps.auth.methods.", section + ".", "apps." + section + ".", "apps.auth.methods." + section + "."} {
		if _, taken := rows[prefix+key]; !taken {
			rows[prefix+key] = r
		}
	}
}

// of returns the row of one of its keys: a row of several keys has one default for all, or a
// list with the default of each.
func (r row) of(key int) row {
	if defaults := strings.Split(r.fallback, ", "); key < len(defaults) && len(defaults) > 1 && quoted.ReplaceAllString(r.fallback, "") == strings.Repeat(", ", len(defaults)-1) {
		r.fallback = defaults[key]
	}
	r.meaning = link.ReplaceAllString(r.meaning, "$1")
	return r
}

// value returns the default if it is a value. ok is false for a text about the default.
func (r row) value() (value any, ok bool) {
	found := quoted.FindStringSubmatch(r.fallback)
	if found == nil || found[0] != r.fallback || strings.Contains(found[1], "<") {
		return nil, false
	}
	err := yaml.Unmarshal([]byte(found[1]), &value)
	if _, isMap := value.(map[string]any); isMap {
		value = found[1] // a text that ends in a colon
	}
	return value, err == nil
}

// isNone reports whether the key has no default.
func (r row) isNone() bool { return r.fallback == "none" || r.fallback == "required" }

// examples returns the values that the meaning has as examples.
func (r row) examples() (examples []string) {
	for _, found := range such.FindAllStringSubmatch(r.meaning, -1) {
		examples = append(examples, found[1])
	}
	return examples
}
