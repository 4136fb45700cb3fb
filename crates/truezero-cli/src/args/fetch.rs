/// Download well-known public data sets, checked, into a cache
///
/// They are then known by name: `truezero train mnist`. The cache is $TRUEZERO_CACHE, else
/// ~/.cache/truezero. A download that broke off is resumed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct FetchArgs {
    /// Names of data sets
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub names: Vec<String>,
    /// List the names there are
    #[arg(long, conflicts_with = "names")]
    pub list: bool,
    /// Print one JSON document instead of lines
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  truezero fetch --list
  truezero fetch mnist && truezero train mnist";
