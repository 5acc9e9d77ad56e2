package model

// Sharings lists the orders of layer sharing.
func Sharings() []string {
	return []string{string(NoSharing), string(Immediate), string(Repeat), string(Reverse)}
}
