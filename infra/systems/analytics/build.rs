//! Makes the file names in `sql/analytics` available to the template.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    migrations::write_names("analytics")
}
