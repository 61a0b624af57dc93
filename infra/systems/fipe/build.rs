//! Lets the template list the migrations of `sql/fipe`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    migrations::write_names("fipe")
}
