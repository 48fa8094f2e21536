// Package manpage writes manual pages of kong applications.
package manpage

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// A Page is what the application does not know about itself.
type Page struct {
	Description string // paragraphs, separated by empty lines
	SeeAlso     string
}

// section1 is that of commands.
const section1 = 1

// Write writes the page in roff, with each command and its flags.
func Write(w io.Writer, app *kong.Application, page Page) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s %d \"\" %s\n", strings.ToUpper(app.Name), section1, quoted(app.Name))
	section(&b, "NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", app.Name, escaped(strings.TrimSuffix(app.Help, ".")))
	section(&b, "SYNOPSIS")
	fmt.Fprintf(&b, ".B %s\n.I command\n[arguments] [flags]\n", app.Name)
	section(&b, "DESCRIPTION")
	for paragraph := range strings.SplitSeq(page.Description, "\n\n") {
		fmt.Fprintf(&b, ".PP\n%s\n", escaped(paragraph))
	}
	section(&b, "COMMANDS")
	for _, command := range app.Leaves(true) {
		writeCommand(&b, command)
	}
	section(&b, "EXIT STATUS")
	b.WriteString(escaped("0: success. 1: the result is negative, such as a breaking change. 2: the command could not run.") + "\n")
	section(&b, "SEE ALSO")
	fmt.Fprintf(&b, "%s\n", escaped(page.SeeAlso))
	_, err := io.WriteString(w, b.String())
	return err
}

func writeCommand(b *strings.Builder, command *kong.Node) {
	fmt.Fprintf(b, ".SS %s\n%s\n", quoted(command.Summary()), escaped(command.Help))
	if command.Detail != "" {
		fmt.Fprintf(b, ".PP\n%s\n", escaped(command.Detail))
	}
	for _, argument := range command.Positional {
		item(b, argument.Summary(), argument.Help)
	}
	for _, flag := range command.Flags {
		name := flag.Summary()
		if flag.Short != 0 {
			name = "-" + string(flag.Short) + ", " + name
		}
		item(b, name, flag.Help)
	}
}

func section(b *strings.Builder, name string) { fmt.Fprintf(b, ".SH %s\n", quoted(name)) }

func item(b *strings.Builder, name, text string) {
	fmt.Fprintf(b, ".TP\n.B %s\n%s\n", escaped(name), escaped(text))
}

func quoted(text string) string { return `"` + strings.ReplaceAll(escaped(text), `"`, `\(dq`) + `"` }

// escaped returns a text without requests of roff.
func escaped(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
