// Checks that links in all pages lead to files and headings of the repository.
import validateLinks from "remark-validate-links";

export default { plugins: [[validateLinks, { repository: "louche-graphql/louche" }]] };
