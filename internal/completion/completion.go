// Package completion completes command lines of kong applications in bash, zsh and fish. It
// runs nothing.
package completion

import (
	"embed"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed scripts
var scripts embed.FS

// Shells are the shells that Script knows.
var Shells = []string{"bash", "zsh", "fish"}

// Script returns the code that sets up completion in one of Shells. It has the program print
// the candidates: louche complete -- WORD….
func Script(shell string) ([]byte, error) { return scripts.ReadFile("scripts/louche." + shell) }

// Candidates returns the completions of the last of words, which are those after the name of
// the program. Without any, the word is the name of a file or other text.
func Candidates(app *kong.Application, words []string) (candidates []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	last := len(words) - 1
	node, flag := walk(app.Node, words[:last])
	word := words[last]
	if flag != nil {
		return begin(flag.EnumSlice(), word)
	}
	if strings.HasPrefix(word, "-") {
		return begin(flagNames(node), word)
	}
	for _, child := range node.Children {
		if !child.Hidden {
			candidates = append(candidates, child.Name)
		}
	}
	for _, argument := range node.Positional {
		if argument.Enum != "" {
			candidates = append(candidates, argument.EnumSlice()...)
		}
	}
	return begin(candidates, word)
}

// walk follows the commands in words. flag is the flag whose value comes next, or nil.
func walk(node *kong.Node, words []string) (_ *kong.Node, flag *kong.Flag) {
	for _, word := range words {
		if flag != nil {
			flag = nil // the word is its value
			continue
		}
		if i := slices.IndexFunc(node.Children, func(child *kong.Node) bool { return child.Name == word }); i >= 0 {
			node = node.Children[i]
		} else if f := findFlag(node, word); f != nil && !f.IsBool() {
			flag = f
		}
	}
	return node, flag
}

func findFlag(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			if word == "--"+flag.Name || flag.Short != 0 && word == "-"+string(flag.Short) {
				return flag
			}
		}
	}
	return nil
}

func flagNames(node *kong.Node) (names []string) {
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			names = append(names, "--"+flag.Name)
		}
	}
	return names
}

// begin returns those of candidates that begin with word, in order.
func begin(candidates []string, word string) []string {
	candidates = slices.DeleteFunc(slices.Clone(candidates), func(c string) bool { return !strings.HasPrefix(c, word) })
	slices.Sort(candidates)
	return candidates
}
