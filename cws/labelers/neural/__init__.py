"""Neural models: an encoder and a CRF or softmax head. The modules in PyTorch are the specification of the core."""
