// Deploycheck checks the files in deploy with the code of the programs that read them: Helm,
// the API of Kubernetes, Docker Compose and BuildKit. The gateway checks the configurations
// that they give it.
//
//	deploycheck -louche bin/louche deploy
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	louche := flag.String("louche", "bin/louche", "the program that checks configurations")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: deploycheck [-louche PROGRAM] FOLDER")
		os.Exit(2)
	}
	if err := check(context.Background(), flag.Arg(0), gateway(*louche)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// check checks the files in a folder, and prints what it has checked.
func check(ctx context.Context, folder string, g gateway) error {
	dockerfiles, err := filepath.Glob(filepath.Join(folder, "*", "Dockerfile"))
	nested, _ := filepath.Glob(filepath.Join(folder, "*", "*", "Dockerfile"))
	errs := []error{err}
	for _, file := range append(dockerfiles, nested...) {
		errs = append(errs, report(file, checkDockerfile(ctx, file)))
	}
	chart := filepath.Join(folder, "helm", "louche")
	for _, s := range settings {
		errs = append(errs, report(chart+" "+s.name, checkChart(chart, s, g)))
	}
	compose := filepath.Join(folder, "compose", "compose.yaml")
	errs = append(errs, report(compose, checkCompose(ctx, compose, g)))
	return errors.Join(errs...)
}

// report prints the name of what is right, or adds it to the error.
func report(name string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Println("ok", name)
	return nil
}
