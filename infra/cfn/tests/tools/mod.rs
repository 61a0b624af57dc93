//! The pinned Python tools, of the checkout or of `INFRA_TOOLS_VENV`.

use std::path::PathBuf;

/// The path of a tool. A test that needs it fails without it.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = test_machine::tools_venv().join("bin").join(name);
    assert!(
        path.exists(),
        "there is no {}: install the tools, or name their virtual environment in INFRA_TOOLS_VENV",
        path.display()
    );
    path
}
