package profiles_test

import (
	"os"

	"github.com/memsim/memsim/profiles"
)

// Models stand side by side, each figure with its multiple of the first model's.
func ExampleWriteTable() {
	c := comparison()
	c.Notes = nil
	if err := profiles.WriteTable(os.Stdout, c, profiles.Terminal{Width: 80}); err != nil {
		panic(err)
	}
	// Output:
	// Apple iPhone 13, gpu, executorch-mps
	// A token of mobilellm-125m takes 15.6 ms: 77 % waiting for DRAM, 13 % launching
	// operators. It moves 249 MB through DRAM.
	// mobilellm-ls-125m runs 60 layers with the weights of 30, 2.6 % slower than
	// mobilellm-125m; 60 unshared layers would be 86 % slower and move 1.86× the
	// bytes.
	//
	//                                                                 mobilellm-125m-
	//                              mobilellm-125m  mobilellm-ls-125m        60-layers
	// ───────────────────────────────────────────────────────────────────────────────
	// weight format                           f16         f16              f16
	// layer sharing                          none   immediate             none
	// parameters run     M                  124.6       127.9  1.03×     231.7  1.86×
	// parameters stored  M                  124.6       124.6  1.00×     124.6  1.00×
	// layers run                               30          60               60
	// layers stored                            30          30               60
	// weights            MB                 249.3       249.3  1.00×     249.3  1.00×
	//
	// latency            ms/token            15.6        16.0  1.03×      29.0  1.86×
	//   dispatch         ms/token             2.1         2.2              3.9
	//   compute          ms/token             1.2         1.2              2.2
	//   SRAM             ms/token             0.3         0.3              0.6
	//   DRAM             ms/token            12.0        12.3             22.3
	// speed              tokens/s            64.1        62.5  0.97×      34.5  0.54×
	// first token        ms                  41.2        42.3  1.03×      76.6  1.86×
	// load from flash    ms                   268         268  1.00×       268  1.00×
	//
	// DRAM traffic       MB/token             249         256  1.03×       463  1.86×
	// DRAM bandwidth     GB/s                16.0        16.0             16.0
	// DRAM row hits      %                   98.2        98.2             98.2
	// SRAM hits          %                    2.7         2.7              2.7
	//
	// energy             mJ/token            34.6        35.5  1.03×      64.3  1.86×
	//   DRAM             mJ/token            25.0        25.7             46.5
	//   SRAM             mJ/token             1.6         1.6              3.0
	//   compute          mJ/token             3.0         3.1              5.6
	//   static           mJ/token             5.0         5.1              9.3
	// whole phone        mJ/token            51.4        52.7  1.03×      95.6  1.86×
	// battery charge     k tokens             869         847  0.97×       468  0.54×
}
