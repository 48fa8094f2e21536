package etf

// A Term is one encoded term, without version byte.
//
// Methods read Bytes and never write or keep them.
type Term struct {
	Bytes []byte
	// Atoms is what the ATOM_CACHE_REF bytes in Bytes stand for, by index: the
	// atoms of the message's distribution header. Nil where there was none.
	Atoms []string
}

// A Pid identifies a process. Pids are comparable with ==.
type Pid struct {
	Node     string // the name of the node which made it
	ID       uint32
	Serial   uint32
	Creation uint32 // which incarnation of the node made it
}

// A Ref is a reference, unique among connected nodes. Refs made by
// [Decoder.Ref] are comparable with ==: words past Len are zero.
type Ref struct {
	Node     string // the name of the node which made it
	Creation uint32 // which incarnation of the node made it
	Len      int    // how many of IDs count, 1 to 5
	IDs      [5]uint32
}
