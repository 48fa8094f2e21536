package etf

import (
	"bytes"
	"cmp"
	"slices"
)

// fewMembers is up to how many members of an object are kept on the stack and
// compared each with each.
const fewMembers = 16

// A member is a member of a JSON object which has been appended: where its key
// and value begin and where it ends.
type member struct{ key, value, end int }

// in returns the member's key, encoded.
func (m member) in(dst []byte) []byte { return dst[m.key:m.value] }

// dropRepeated takes those members out of a map whose key has occurred before,
// because a map with the same key twice is no external term. The members, which
// it leaves in any order, are the end of dst. It returns how many are left of
// them.
func dropRepeated(dst []byte, members []member) ([]byte, int) {
	if len(members) <= fewMembers && !anyRepeated(dst, members) {
		return dst, len(members)
	}
	to := members[0].key
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(bytes.Compare(a.in(dst), b.in(dst)), cmp.Compare(a.key, b.key))
	})
	kept := members[:0]
	for i, m := range members {
		if i == 0 || !bytes.Equal(m.in(dst), kept[len(kept)-1].in(dst)) {
			kept = append(kept, m)
		}
	}
	if len(kept) == len(members) {
		return dst, len(members)
	}
	slices.SortFunc(kept, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	for _, m := range kept {
		to += copy(dst[to:], dst[m.key:m.end])
	}
	return dst[:to], len(kept)
}

func anyRepeated(dst []byte, members []member) bool {
	for i, m := range members {
		for _, earlier := range members[:i] {
			if bytes.Equal(m.in(dst), earlier.in(dst)) {
				return true
			}
		}
	}
	return false
}
