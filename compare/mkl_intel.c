/* Preloaded into PyTorch: makes MKL take its AVX-512 and AVX2 kernels on AMD processors as well. */
int mkl_serv_intel_cpu_true(void) { return 1; }
