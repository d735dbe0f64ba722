"""What components return, checked where it enters; the error names the component and its distribution."""
