// Package scanner is the pipeline: it takes a source (a repository's history, its index, a folder, a stream), has every
// byte of it examined by package detectors, works out each secret's life story with package history, and sends findings
// to a report.Handler. It owns concurrency, progress and coverage.
//
// Scanning starts no process and writes nothing.
package scanner
