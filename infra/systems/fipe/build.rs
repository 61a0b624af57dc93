//! Makes the file names in `sql/fipe` available to the template.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    migrations::write_names("fipe")
}
