package erldist

import (
	"strconv"
	"strings"
)

// Flags are the capabilities that two nodes exchange in the handshake ("Distribution
// Flags" in the protocol's documentation). The intersection counts.
type Flags uint64

// The flags that this package names. The values are the protocol's.
const (
	FlagPublished          Flags = 1 << 0
	FlagExtendedReferences Flags = 1 << 2
	FlagDistMonitor        Flags = 1 << 3
	FlagFunTags            Flags = 1 << 4
	FlagDistMonitorName    Flags = 1 << 5
	FlagNewFunTags         Flags = 1 << 7
	FlagExtendedPidsPorts  Flags = 1 << 8
	FlagExportPtrTag       Flags = 1 << 9
	FlagBitBinaries        Flags = 1 << 10
	FlagNewFloats          Flags = 1 << 11
	FlagDistHdrAtomCache   Flags = 1 << 13
	FlagUTF8Atoms          Flags = 1 << 16
	FlagMapTag             Flags = 1 << 17
	FlagBigCreation        Flags = 1 << 18
	FlagExitPayload        Flags = 1 << 22
	FlagFragments          Flags = 1 << 23
	FlagHandshake23        Flags = 1 << 24
	FlagUnlinkID           Flags = 1 << 25
	FlagSpawn              Flags = 1 << 32
	FlagNameMe             Flags = 1 << 33
	FlagV4NC               Flags = 1 << 34
	FlagAlias              Flags = 1 << 35
)

// HiddenFlags are the flags of a hidden node: everything that OTP 25 to 29 require,
// without [FlagPublished], which would show the node in nodes/0 and to global.
//
// DistMonitor and DistMonitorName only work together: otherwise the peer accepts a
// monitor and never sends its exit signal. DistHdrAtomCache and Fragments also work
// only together: a large answer then arrives in fragments of 64 KiB, with small
// answers in between.
const HiddenFlags = FlagExtendedReferences | FlagDistMonitor | FlagFunTags | FlagDistMonitorName |
	FlagNewFunTags | FlagExtendedPidsPorts | FlagExportPtrTag | FlagBitBinaries | FlagNewFloats |
	FlagDistHdrAtomCache | FlagUTF8Atoms | FlagMapTag | FlagBigCreation | FlagExitPayload |
	FlagFragments | FlagHandshake23 | FlagUnlinkID | FlagSpawn | FlagV4NC | FlagAlias

// requiredFlags are the flags that a peer must offer for calls to work.
const requiredFlags = FlagDistMonitor | FlagDistMonitorName | FlagDistHdrAtomCache | FlagUTF8Atoms |
	FlagMapTag | FlagBigCreation | FlagExitPayload | FlagHandshake23 | FlagSpawn

var flagNames = map[Flags]string{
	FlagPublished:          "PUBLISHED",
	FlagExtendedReferences: "EXTENDED_REFERENCES",
	FlagDistMonitor:        "DIST_MONITOR",
	FlagFunTags:            "FUN_TAGS",
	FlagDistMonitorName:    "DIST_MONITOR_NAME",
	FlagNewFunTags:         "NEW_FUN_TAGS",
	FlagExtendedPidsPorts:  "EXTENDED_PIDS_PORTS",
	FlagExportPtrTag:       "EXPORT_PTR_TAG",
	FlagBitBinaries:        "BIT_BINARIES",
	FlagNewFloats:          "NEW_FLOATS",
	FlagDistHdrAtomCache:   "DIST_HDR_ATOM_CACHE",
	FlagUTF8Atoms:          "UTF8_ATOMS",
	FlagMapTag:             "MAP_TAG",
	FlagBigCreation:        "BIG_CREATION",
	FlagExitPayload:        "EXIT_PAYLOAD",
	FlagFragments:          "FRAGMENTS",
	FlagHandshake23:        "HANDSHAKE_23",
	FlagUnlinkID:           "UNLINK_ID",
	FlagSpawn:              "SPAWN",
	FlagNameMe:             "NAME_ME",
	FlagV4NC:               "V4_NC",
	FlagAlias:              "ALIAS",
}

// String returns the flags' names in the documentation, joined by "|". Other bits are
// given by position.
func (f Flags) String() string {
	var names []string
	for bit := range 64 {
		flag := Flags(1) << bit
		if f&flag == 0 {
			continue
		}
		name, ok := flagNames[flag]
		if !ok {
			name = "bit " + strconv.Itoa(bit)
		}
		names = append(names, name)
	}
	return strings.Join(names, "|")
}
