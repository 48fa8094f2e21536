package manpage_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/louche-graphql/louche/internal/manpage"
)

type cli struct {
	Serve struct {
		Config string `short:"c" placeholder:"FILE" help:"The file."`
	} `cmd:"" help:".Starts like a request of roff."`
	Hidden struct{} `cmd:"" hidden:""`
}

func TestPage(t *testing.T) {
	app, err := kong.New(new(cli), kong.Name("louche"), kong.Description("A gateway."))
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := manpage.Write(&page, app.Model, manpage.Page{Description: "One.\n\nA back\\slash.", SeeAlso: "https://example.com"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		".TH LOUCHE 1", "louche \\- A gateway\n", ".PP\nA back\\eslash.\n", ".SS \"serve [flags]\"\n\\&.Starts like", ".B \\-c, \\-\\-config=FILE\nThe file.\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("%q is missing in\n%s", want, page.String())
		}
	}
	if strings.Contains(page.String(), "hidden") {
		t.Error("a hidden command is there")
	}
	lint := exec.Command("mandoc", "-T", "lint", "-W", "error")
	lint.Stdin = strings.NewReader(page.String())
	if found, err := lint.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, found)
	}
}
