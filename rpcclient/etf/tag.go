package etf

import "strconv"

// Version is the byte before a standalone term, as of erlang:term_to_binary/1. The
// Append functions and [Decoder] neither write nor expect it: terms of a distribution
// message, except the first, have none.
const Version = 131

// A Tag is the first byte of an encoded term. It says what kind of term follows.
type Tag byte

// The tags of the external term format of OTP 23 and later.
const (
	TagNewFloat      Tag = 70
	TagBitBinary     Tag = 77
	TagCompressed    Tag = 80
	TagAtomCacheRef  Tag = 82
	TagNewPid        Tag = 88
	TagNewPort       Tag = 89
	TagNewerRef      Tag = 90
	TagSmallInteger  Tag = 97
	TagInteger       Tag = 98
	TagFloat         Tag = 99
	TagAtom          Tag = 100
	TagRef           Tag = 101
	TagPort          Tag = 102
	TagPid           Tag = 103
	TagSmallTuple    Tag = 104
	TagLargeTuple    Tag = 105
	TagNil           Tag = 106
	TagString        Tag = 107
	TagList          Tag = 108
	TagBinary        Tag = 109
	TagSmallBig      Tag = 110
	TagLargeBig      Tag = 111
	TagNewFun        Tag = 112
	TagExport        Tag = 113
	TagNewRef        Tag = 114
	TagSmallAtom     Tag = 115
	TagMap           Tag = 116
	TagFun           Tag = 117
	TagAtomUTF8      Tag = 118
	TagSmallAtomUTF8 Tag = 119
	TagV4Port        Tag = 120
	TagLocal         Tag = 121
)

var tagNames = [256]string{
	TagNewFloat:      "NEW_FLOAT_EXT",
	TagBitBinary:     "BIT_BINARY_EXT",
	TagCompressed:    "compressed term",
	TagAtomCacheRef:  "ATOM_CACHE_REF",
	TagNewPid:        "NEW_PID_EXT",
	TagNewPort:       "NEW_PORT_EXT",
	TagNewerRef:      "NEWER_REFERENCE_EXT",
	TagSmallInteger:  "SMALL_INTEGER_EXT",
	TagInteger:       "INTEGER_EXT",
	TagFloat:         "FLOAT_EXT",
	TagAtom:          "ATOM_EXT",
	TagRef:           "REFERENCE_EXT",
	TagPort:          "PORT_EXT",
	TagPid:           "PID_EXT",
	TagSmallTuple:    "SMALL_TUPLE_EXT",
	TagLargeTuple:    "LARGE_TUPLE_EXT",
	TagNil:           "NIL_EXT",
	TagString:        "STRING_EXT",
	TagList:          "LIST_EXT",
	TagBinary:        "BINARY_EXT",
	TagSmallBig:      "SMALL_BIG_EXT",
	TagLargeBig:      "LARGE_BIG_EXT",
	TagNewFun:        "NEW_FUN_EXT",
	TagExport:        "EXPORT_EXT",
	TagNewRef:        "NEW_REFERENCE_EXT",
	TagSmallAtom:     "SMALL_ATOM_EXT",
	TagMap:           "MAP_EXT",
	TagFun:           "FUN_EXT",
	TagAtomUTF8:      "ATOM_UTF8_EXT",
	TagSmallAtomUTF8: "SMALL_ATOM_UTF8_EXT",
	TagV4Port:        "V4_PORT_EXT",
	TagLocal:         "LOCAL_EXT",
}

// String returns the tag's name in the documentation, such as "SMALL_TUPLE_EXT", or
// "tag 42" for an unknown byte.
func (t Tag) String() string {
	if name := tagNames[t]; name != "" {
		return name
	}
	return "tag " + strconv.Itoa(int(t))
}
