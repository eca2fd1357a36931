package verify

// Cache keeps verdicts between runs.
type Cache struct{}

func (c *Cache) get(e *Engine, v *values) (answer, bool) { return answer{}, false }
func (c *Cache) put(e *Engine, v *values, a answer)      {}
