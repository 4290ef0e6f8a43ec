"""The operators that PyTorch and this library share, run on the samples with which PyTorch tests its own."""
