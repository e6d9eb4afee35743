"""Printed functions as machine code, translated straight to LLVM's language."""
