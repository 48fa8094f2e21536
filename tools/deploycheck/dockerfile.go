package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

// checkDockerfile runs the linter of BuildKit (docker build --check).
func checkDockerfile(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	source := llb.NewSourceMap(nil, file, "Dockerfile", text)
	source.Definition = new(llb.Definition)
	results, err := dockerfile2llb.DockerfileLint(ctx, text, dockerfile2llb.ConvertOpt{MetaResolver: emptyImages{}, SourceMap: source})
	if err != nil {
		return err
	}
	var errs []error
	if results.Error != nil {
		errs = append(errs, errors.New(results.Error.Message))
	}
	for _, w := range results.Warnings {
		line := int32(0)
		if len(w.Location.GetRanges()) > 0 {
			line = w.Location.GetRanges()[0].Start.Line
		}
		errs = append(errs, fmt.Errorf("line %d: %s: %s (%s)", line, w.RuleName, w.Detail, w.URL))
	}
	return errors.Join(errs...)
}

// emptyImages resolves each base image to one without a configuration, without a registry.
type emptyImages struct{}

func (emptyImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, "", []byte(`{"architecture":"amd64","os":"linux"}`), nil
}
