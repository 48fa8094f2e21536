// Gosec runs the checks of securego/gosec.
//
// The command of securego/gosec also asks language models for remedies, and is built
// with their SDKs: 42 modules where this one has 4.
package main

import (
	"github.com/securego/gosec/v2/goanalysis"
	"golang.org/x/tools/go/analysis/singlechecker"
)

func main() { singlechecker.Main(goanalysis.Analyzer) }
