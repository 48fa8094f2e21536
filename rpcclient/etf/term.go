package etf

// A Term is one encoded term, without version byte.
//
// Its methods neither write nor keep Bytes.
type Term struct {
	Bytes []byte
	// Atoms are the atoms of ATOM_CACHE_REF terms in Bytes, by index: those of the
	// message's distribution header. Nil without one.
	Atoms []string
}

// A Pid identifies a process. Pids are comparable with ==.
type Pid struct {
	Node     string // the name of the node that made it
	ID       uint32
	Serial   uint32
	Creation uint32 // the incarnation of that node
}

// A Ref is a reference, unique among connected nodes. Refs of [Decoder.Ref] are
// comparable with ==: words past Len are zero.
type Ref struct {
	Node     string // the name of the node that made it
	Creation uint32 // the incarnation of that node
	Len      int    // the number of IDs in use, 1 to 5
	IDs      [5]uint32
}
