package beamtest

import (
	"fmt"
	"strconv"
	"testing"
)

// Atoms returns how many atoms the node has. A node never frees an atom.
func (n *Node) Atoms(t testing.TB) int {
	t.Helper()
	count, err := strconv.Atoi(n.Eval(t, ":erlang.system_info(:atom_count)"))
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// NewAtoms returns, for a message, the first 20 atoms that the node made after it had
// before of them.
func (n *Node) NewAtoms(t testing.TB, before int) string {
	t.Helper()
	return n.Eval(t, fmt.Sprintf("for n <- %d..%d, do: :erlang.binary_to_term(<<131, 75, n::24>>)", before, min(n.Atoms(t), before+20)-1))
}

// CheckNoAtoms reports an error if requests make atoms. It calls request with a number that
// is new each time, and request puts that number into every word that it sends.
//
// The node loads code at its first use, and loading makes atoms, once. So a round of
// requests may make some, and the test fails if each of five rounds does.
func (n *Node) CheckNoAtoms(t testing.TB, request func(i int)) {
	t.Helper()
	const rounds, requests = 5, 100
	n.Atoms(t) // compiles the expression
	var before, after int
	for round := range rounds {
		before = n.Atoms(t)
		for i := range requests {
			request(round*requests + i)
		}
		if after = n.Atoms(t); after == before {
			return
		}
	}
	t.Errorf("the last %d requests made %d atoms, of which some are %s", requests, after-before, n.NewAtoms(t, before))
}
