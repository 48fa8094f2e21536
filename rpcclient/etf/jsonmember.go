package etf

import (
	"bytes"
	"hash/maphash"
)

// fewMembers is the number of keys up to which they are kept on the stack and compared
// pairwise.
const fewMembers = 16

// objectKeys are the keys of a JSON object so far. An external term must not have a
// map with duplicate keys.
type objectKeys struct {
	few  [fewMembers]span // in dst
	n    int
	many map[uint64]span // all of them by hash, past fewMembers
}

// add adds the key at a span of dst and reports whether it is new.
func (k *objectKeys) add(dst []byte, key span) bool {
	text := dst[key.start:key.end]
	if k.many == nil {
		for _, s := range k.few[:k.n] {
			if bytes.Equal(dst[s.start:s.end], text) {
				return false
			}
		}
		if k.n < fewMembers {
			k.few[k.n] = key
			k.n++
			return true
		}
		k.many = make(map[uint64]span, 4*fewMembers)
		for _, s := range k.few {
			k.addMany(dst, s)
		}
	}
	if !k.addMany(dst, key) {
		return false
	}
	k.n++
	return true
}

// addMany is add for more than fewMembers keys. Keys of the same hash take the next
// free ones.
func (k *objectKeys) addMany(dst []byte, key span) bool {
	text := dst[key.start:key.end]
	for hash := maphash.Bytes(seed, text); ; hash++ {
		s, taken := k.many[hash]
		if !taken {
			k.many[hash] = key
			return true
		}
		if bytes.Equal(dst[s.start:s.end], text) {
			return false
		}
	}
}

var seed = maphash.MakeSeed()
