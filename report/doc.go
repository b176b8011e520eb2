// Package report makes one page about a run: how it went, how good its model is, and where it errs. Start with
// [Make], which measures and draws, and [Page.HTML], which gives the page's bytes.
//
// The page is one HTML file that needs nothing else: pictures and plots are inside, there is no script, and its
// content security policy lets it load nothing. Class names, file names and settings are foreign text and are
// escaped. Plots hold no such text at all. Its size is bounded whatever the number of pictures and classes. Pictures
// are only ever read.
package report
