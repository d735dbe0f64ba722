"""Second derivatives of a task's loss: products with its Hessian, eigenpairs and the trace."""
