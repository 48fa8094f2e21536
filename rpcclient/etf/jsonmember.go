package etf

import (
	"bytes"
	"hash/maphash"
)

// fewMembers is up to how many keys of an object are kept on the stack and compared
// each with each.
const fewMembers = 16

// objectKeys are the keys of a JSON object that have been appended. A map with the same
// key twice is no external term.
type objectKeys struct {
	few  [fewMembers]span // in dst
	n    int
	many map[uint64]span // all of them by their hash, past that
}

// add notes the key at a span of dst, and says whether it is new.
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

// addMany is add for more keys than few. Of several with the same hash, the later ones
// have those that follow it.
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
