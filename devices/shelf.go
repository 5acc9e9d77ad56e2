package devices

import (
	"reflect"
	"sync"
)

// A shelf holds shipped profiles that were read whole and unchanged, so it is no
// longer than what is shipped. Each caller gets a copy of its own.
type shelf[T any] struct{ profiles sync.Map } // *T by name

var priorPhones, fittedPhones shelf[Device]

// load returns the profile of that name, which read reads. One that is not shipped,
// and one that the user changes for a run, is read each time.
func (s *shelf[T]) load(name string, unchanged bool, read func() (*T, error)) (*T, error) {
	kept := unchanged && !looksLikePath(name)
	if p, ok := s.profiles.Load(name); ok && kept {
		return copyOf(p.(*T)), nil
	}
	p, err := read()
	if err != nil {
		return nil, err
	}
	if kept {
		s.profiles.Store(name, copyOf(p))
	}
	return p, nil
}

// copyOf copies a profile and all that its exported fields lead to.
func copyOf[T any](v *T) *T {
	out := new(T)
	*out = *v
	unshare(reflect.ValueOf(out).Elem())
	return out
}

// unshare replaces the lists of v, and what its pointers lead to, by copies.
func unshare(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(v.Elem())
		unshare(c.Elem())
		v.Set(c)
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		v.Set(c)
		if shares(v.Type().Elem()) {
			for i := range v.Len() {
				unshare(v.Index(i))
			}
		}
	case reflect.Struct:
		for _, i := range sharing(v.Type()) {
			unshare(v.Field(i))
		}
	}
}

// sharingFields holds the answers of sharing.
var sharingFields sync.Map // []int by reflect.Type

// sharing lists the exported fields of a struct type that two copies of it share.
func sharing(t reflect.Type) []int {
	if known, ok := sharingFields.Load(t); ok {
		return known.([]int)
	}
	var out []int
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && shares(f.Type) {
			out = append(out, i)
		}
	}
	sharingFields.Store(t, out)
	return out
}

// shares reports whether copies of a value of type t have parts in common.
func shares(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return true
	case reflect.Struct:
		return len(sharing(t)) > 0
	}
	return false
}
