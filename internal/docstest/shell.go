package docstest

import (
	"io"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// A Statement is a statement of a shell, with the commands that it runs.
type Statement struct {
	Text     string
	Commands [][]string // the words of each; an expansion is the word "expanded"
}

// Statements parses a block of shell.
func Statements(t testing.TB, block string) (statements []Statement) {
	t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(block), "")
	if err != nil {
		t.Fatal(err)
	}
	anything := &expand.Config{
		Env: expand.FuncEnviron(func(string) string { return "expanded" }),
		CmdSubst: func(w io.Writer, _ *syntax.CmdSubst) error {
			_, err := io.WriteString(w, "expanded")
			return err
		},
	}
	for _, parsed := range file.Stmts {
		statement := Statement{Text: block[parsed.Pos().Offset():parsed.End().Offset()]}
		syntax.Walk(parsed, func(node syntax.Node) bool {
			if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) > 0 {
				words, err := expand.Fields(anything, call.Args...)
				if err != nil {
					t.Fatal(err)
				}
				statement.Commands = append(statement.Commands, words)
			}
			return true
		})
		statements = append(statements, statement)
	}
	return statements
}
