package schema

import (
	"iter"
	"maps"
)

// boxes is how many parts a shelf has. A write after a copy costs one of them, and two copies are compared by them.
const boxes = 128

// shelf is a map that is cheap to copy: copies share its boxes until one of them writes. A review makes several copies of a
// schema for each migration, and most of them change one table of hundreds.
type shelf[K comparable, V any] struct {
	hash  func(K) uint32
	boxes [boxes]*box[K, V]
}

type box[K comparable, V any] struct {
	// owner is the schema that may write; for all others the box is fixed.
	owner   *int
	entries map[K]V
}

// all returns the entries to read from; a box that was never written has none.
func (b *box[K, V]) all() map[K]V {
	if b == nil {
		return nil
	}
	return b.entries
}

func (s *shelf[K, V]) get(at K) (V, bool) {
	value, known := s.boxes[s.hash(at)%boxes].all()[at]
	return value, known
}

func (s *shelf[K, V]) has(at K) bool {
	_, known := s.get(at)
	return known
}

func (s *shelf[K, V]) put(owner *int, at K, value V) { s.own(owner, at)[at] = value }

func (s *shelf[K, V]) remove(owner *int, at K) {
	if s.has(at) {
		delete(s.own(owner, at), at)
	}
}

// own returns the entries of a box to write to.
func (s *shelf[K, V]) own(owner *int, at K) map[K]V {
	place := s.hash(at) % boxes
	found := s.boxes[place]
	if found != nil && found.owner == owner {
		return found.entries
	}
	copied := &box[K, V]{owner: owner, entries: map[K]V{}}
	if found != nil {
		copied.entries = maps.Clone(found.entries)
	}
	s.boxes[place] = copied
	return copied.entries
}

// all goes through everything, in no order.
func (s *shelf[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, one := range s.boxes {
			for at, value := range one.all() {
				if !yield(at, value) {
					return
				}
			}
		}
	}
}

// apart returns the keys of which two shelves have different values, in no order.
func apart[K, V comparable](one, other *shelf[K, V]) []K {
	var keys []K
	for place, before := range one.boxes {
		after := other.boxes[place]
		if before == after {
			continue
		}
		// A key has the same place in every shelf.
		earlier, later := before.all(), after.all()
		for at, value := range earlier {
			if second, both := later[at]; !both || second != value {
				keys = append(keys, at)
			}
		}
		for at := range later {
			if _, both := earlier[at]; !both {
				keys = append(keys, at)
			}
		}
	}
	return keys
}

// hash is FNV-1a over texts: the same in every run, which shelves of two schemas need to be compared.
func hash(texts ...string) uint32 {
	sum := uint32(2166136261)
	for _, text := range texts {
		for i := range len(text) {
			sum = (sum ^ uint32(text[i])) * 16777619
		}
	}
	return sum
}
