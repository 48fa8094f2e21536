package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/louche-graphql/louche/internal/newconfig"
)

type initCommand struct {
	File       string   `arg:"" optional:"" default:"louche.yaml" help:"File to write (default louche.yaml), or - for standard output."`
	Schema     string   `placeholder:"MODULE" help:"Absinthe schema of the application, such as MyApp.Schema."`
	Prefix     string   `env:"REMOTE_APP_NAME" placeholder:"NAME" help:"Prefix of its node names."`
	DNS        []string `placeholder:"HOST" help:"Hosts of its nodes (default 127.0.0.1)."`
	CookieFile string   `placeholder:"FILE" help:"File with the cookie (default: RELEASE_COOKIE)."`
	EPMDPort   uint16   `name:"epmd-port" env:"ERL_EPMD_PORT" default:"4369" help:"Port of the EPMD of this host, which names the nodes."`
}

func (c *initCommand) Help() string {
	return "It asks on the terminal for what no flag has. It does not overwrite a file."
}

// Run asks for the answers that no flag has, and writes the file.
func (c *initCommand) Run(ctx context.Context, out output) error {
	return c.run(ctx, out, os.Stdin, os.Stderr)
}

func (c *initCommand) run(ctx context.Context, out output, answers io.Reader, questions io.Writer) error {
	lines := bufio.NewScanner(answers)
	ask := func(question, proposal string) string {
		fmt.Fprintf(questions, "%s [%s]: ", question, proposal)
		lines.Scan()
		return cmp.Or(strings.TrimSpace(lines.Text()), proposal)
	}
	if c.Prefix == "" {
		found := newconfig.Prefixes(ctx, c.EPMDPort)
		if len(found) > 0 {
			fmt.Fprintf(questions, "Nodes of this host: %s\n", oneLine(strings.Join(found, ", ")))
		}
		c.Prefix = ask("Prefix of the node names of your application", append(found, "my_app")[0])
	}
	if c.Schema == "" {
		c.Schema = ask("Module of its Absinthe schema", "MyApp.Schema")
	}
	if len(c.DNS) == 0 {
		c.DNS = strings.Split(ask("Hosts of its nodes, separated by commas", "127.0.0.1"), ",")
	}
	var file bytes.Buffer
	if err := newconfig.Write(&file, newconfig.Answers{Schema: c.Schema, DNS: c.DNS, Prefix: c.Prefix, CookieFile: c.CookieFile}); err != nil {
		return err
	}
	return c.write(out, file.Bytes())
}

func (c *initCommand) write(out output, text []byte) error {
	if c.File == "-" {
		_, err := out.Write(text)
		return err
	}
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // #nosec G302 -- it has no secret
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is written. Next:\n  louche doctor --config %[1]s\n  louche serve --config %[1]s\n", c.File)
	return nil
}
