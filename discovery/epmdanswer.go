package discovery

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// maxShownNames bounds the nodes of an [EPMDAnswer].
const maxShownNames = 32

// EPMDAnswer is what one EPMD answered in a poll, for operators. Names and ports are
// untrusted: any process of the host can register any name.
type EPMDAnswer struct {
	Addr  netip.AddrPort
	Names []EPMDName // at most 32, those that discovery looks for first
	More  int        // names that Names lacks
	Err   error      // why there is no answer
}

// EPMDName is a registered node.
type EPMDName struct {
	Name string // without host
	Port uint16
}

// newEPMDAnswer returns an answer with the names that have the prefix first.
func newEPMDAnswer(addr netip.AddrPort, entries []entry, prefix string, err error) EPMDAnswer {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(-compareBools(strings.HasPrefix(a.name, prefix), strings.HasPrefix(b.name, prefix)), cmp.Compare(a.name, b.name))
	})
	a := EPMDAnswer{Addr: addr, Err: err}
	for _, e := range entries {
		a.add(EPMDName{e.name, e.port})
	}
	return a
}

func (a *EPMDAnswer) add(name EPMDName) {
	if len(a.Names) == maxShownNames {
		a.More++
		return
	}
	a.Names = append(a.Names, name)
}

// addPort adds the answer to a request for the port of a static node. A node that the EPMD
// does not know is no error of the EPMD.
func (r *Report) addPort(request *portRequest) {
	i := slices.IndexFunc(r.EPMDs, func(a EPMDAnswer) bool { return a.Addr == request.epmd })
	if i < 0 {
		i = len(r.EPMDs)
		r.EPMDs = append(r.EPMDs, EPMDAnswer{Addr: request.epmd})
	}
	a := &r.EPMDs[i]
	switch {
	case request.err == nil:
		a.add(EPMDName{request.short, request.port})
	case silent(request.err):
		a.Err = request.err
	}
}
