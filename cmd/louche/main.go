// Command louche is the gateway: GraphQL over HTTP in front, Absinthe on live
// BEAM nodes behind. See the README.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	_ "golang.org/x/crypto/x509roots/fallback" // for hosts and images without certificate authorities
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Put GraphQL over HTTP in front of Absinthe applications."`
	Nodes   nodesCommand   `cmd:"" help:"Connect to the nodes that discovery finds, and show the results."`
	Doctor  doctorCommand  `cmd:"" help:"Find out why the gateway does not work, and what to do."`
	Query   queryCommand   `cmd:"" help:"Run an operation on a node, without a gateway."`
	Top     topCommand     `cmd:"" help:"Show the nodes and operations of a running gateway in the terminal."`
	Schema  schemaCommand  `cmd:"" help:"Work with the schema: print it, compare it, check the operations of clients."`
	Demo    demoCommand    `cmd:"" help:"Run the gateway with three embedded nodes of a demo application."`
	Init    initCommand    `cmd:"" help:"Write a first configuration file."`
	Config  configCommand  `cmd:"" help:"Work with configuration files."`
	Key     keyCommand     `cmd:"" help:"Generate a key for the method api_keys."`
	Healthy healthyCommand `cmd:"" help:"Ask a running gateway whether it is healthy."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Help    helpCommand    `cmd:"" help:"Show the usage of a command."`

	Completion completionCommand `cmd:"" help:"Print the code that sets up completion in a shell."`
	Complete   completeCommand   `cmd:"" hidden:"" help:"Print the completions of a command line."`
	Man        manCommand        `cmd:"" hidden:"" help:"Print the manual page in roff."`

	PrintVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// output receives the results of commands. Logs go to standard error.
type output struct{ io.Writer }

// errFailed ends a command that has printed or logged why it fails.
var errFailed = errors.New("failed")

// Exit statuses besides 0.
const (
	statusFailed = 1 // the result is negative, such as a breaking change
	statusError  = 2 // the command could not run
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	cli := kong.Parse(new(commands),
		kong.Name("louche"),
		kong.Description("GraphQL over HTTP in front of Absinthe applications on the BEAM."),
		kong.ShortUsageOnError(),
		kong.Vars{"version": "louche " + version()},
		kong.Exit(func(status int) {
			if status != 0 { // kong has statuses of its own
				status = statusError
			}
			os.Exit(status)
		}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(output{os.Stdout}),
	)
	switch err := cli.Run(); {
	case errors.Is(err, errFailed):
		os.Exit(statusFailed)
	case err != nil:
		printError(err)
		os.Exit(statusError)
	}
}

// farewell bounds the wait for the reader of standard error.
const farewell = time.Second

// printError prints why a command failed.
func printError(err error) {
	printed := make(chan struct{})
	go func() {
		fmt.Fprintf(os.Stderr, "louche: %v\n", err)
		close(printed)
	}()
	select {
	case <-printed:
	case <-time.After(farewell):
	}
}
