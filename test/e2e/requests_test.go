package e2e_test

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/docstest"
	"github.com/louche-graphql/louche/internal/waittest"
)

// elsewhere are requests of the documentation that the demo cannot answer, and why.
var elsewhere = map[string]string{
	"uploadAvatar":  "needs uploads: see TestUploadByCurl",
	"/debug/":       "needs debug: true",
	"/schemas/diff": "needs nodes with two schemas",
}

// Requests by curl in the documentation succeed with the demo.
func TestRequestsOfTheDocumentation(t *testing.T) {
	demo := startDemo(t)
	eventually(t, "a node is called", func() bool {
		status, _ := demo.post(t, `{"query":"{ backend }"}`)
		return status == 200
	})
	here := strings.NewReplacer(documentedClients, demo.url, documentedAdmin, demo.admin, "my-app-01ABC@10.0.0.7", "gearbox-01J8ZC4T@127.0.0.1")
	for _, block := range docstest.Blocks(t, "sh") {
		for _, statement := range docstest.Statements(t, block.Text) {
			if block.Path == "docs/phoenix.md" || !isDemoRequest(statement) { // TestPhoenixPage runs that page
				continue
			}
			t.Run(block.String(), func(t *testing.T) {
				endless, limit := strings.Contains(statement.Text, "curl -N"), waittest.Limit
				if endless {
					limit = 5 * time.Second
				}
				script := fmt.Sprintf("curl() { command curl --silent --fail-with-body --max-time %.0f \"$@\"; }\n", limit.Seconds()) + here.Replace(statement.Text)
				out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput()
				exit, _ := errors.AsType[*exec.ExitError](err)
				if err != nil && !(endless && exit != nil && exit.ExitCode() == 28) {
					t.Errorf("%s\n%v\n%s", script, err, out)
				}
			})
		}
	}
}

func isDemoRequest(statement docstest.Statement) bool {
	for part := range elsewhere {
		if strings.Contains(statement.Text, part) {
			return false
		}
	}
	return slices.ContainsFunc(statement.Commands, func(words []string) bool { return words[0] == "curl" }) &&
		(strings.Contains(statement.Text, documentedClients) || strings.Contains(statement.Text, documentedAdmin))
}
