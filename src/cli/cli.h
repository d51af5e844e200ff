// The command line. Exit status: 0 done, 2 usage or task file, 3 precheck failed, 4 migration
// failed, 5 verify found differences.
#pragma once

namespace sluice::cli {

int Main(int argc, char** argv);

}  // namespace sluice::cli
