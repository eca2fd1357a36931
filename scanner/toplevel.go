package scanner

import ()

// TopLevel returns the folder in which a scan of target looks for .mudlark.toml and .mudlarkignore: the top of the working tree of the
// repository that holds it; "" for a bare repository, which has them in commits only. The error is a *UsageError.
func TopLevel(target string, getenv func(string) string) (string, error) {
	s := &scan{o: (&Options{Mode: ModeGit, Target: localPath(target), Getenv: getenv}).withDefaults(), cover: newCoverage()}
	if err := s.openRepo(); err != nil {
		return "", err
	}
	top := s.repo.WorkTree
	return top, s.repo.Close()
}
