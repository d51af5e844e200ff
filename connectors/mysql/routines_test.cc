#include "connectors/mysql/routines.h"

#include <gtest/gtest.h>

#include "connectors/mysql/schema_test_names.h"

namespace sluice::mysql {
namespace {

std::string Mapped(std::string_view text, bool view = false, model::ObjectName trigger_table = {}) {
  sql::Tokens tokens = sql::Tokenize(text, {});
  MapNames(tokens, 0, {"shop", std::move(trigger_table), view}, TestNames());
  return sql::Render(tokens);
}

TEST(MapNames, InViewsAsTheServerPrintsThem) {
  EXPECT_EQ(Mapped("select `shop`.`orders`.`addr` AS `addr`,`shop`.`f`(1) AS `f` from `shop`.`orders`", true),
            "select `new`.`orders2`.`address` AS `addr`,`new`.`f`(1) AS `f` from `new`.`orders2`");
  EXPECT_EQ(
      Mapped("select `o`.`addr` AS `addr`,'shop.orders' AS `s` from (`shop`.`orders` `o` join `shop`.`x` on(`o`.`id` = "
             "`shop`.`x`.`id`))",
             true),
      "select `o`.`address` AS `addr`,'shop.orders' AS `s` from (`new`.`orders2` `o` join `new`.`x` on(`o`.`id` = "
      "`new`.`x`.`id`))");
  EXPECT_EQ(Mapped("select `orders`.`addr` AS `a` from `shop`.`orders`", true),
            "select `orders2`.`address` AS `a` from `new`.`orders2`");
}

TEST(MapNames, InViewsAsPeopleWriteThem) {
  EXPECT_EQ(Mapped("SELECT id, addr FROM orders o, other.t WHERE o.addr > addr", true),
            "SELECT id, `address` AS `addr` FROM `new`.`orders2` o, other.t WHERE o.`address` > `address`");
  EXPECT_EQ(Mapped("SELECT x.id FROM x LEFT JOIN (SELECT id FROM orders) AS y USING (id)", true),
            "SELECT x.id FROM `new`.x LEFT JOIN (SELECT id FROM `new`.`orders2`) AS y USING (id)");
}

TEST(MapNames, InBodies) {
  EXPECT_EQ(
      Mapped("BEGIN INSERT INTO shop.orders (a) SELECT orders.addr FROM orders; UPDATE orders SET a=1; DELETE FROM "
             "`shop`.x; CALL shop.p(1); SELECT 1 INTO orders; END"),
      "BEGIN INSERT INTO `new`.`orders2` (a) SELECT `orders2`.`address` FROM `orders2`; UPDATE `orders2` SET a=1; "
      "DELETE "
      "FROM `new`.x; CALL `new`.p(1); SELECT 1 INTO orders; END");
  EXPECT_EQ(Mapped("SET NEW.addr = trim(OLD.addr), @shop.x = 1", false, {"shop", "orders"}),
            "SET NEW.`address` = trim(OLD.`address`), @shop.x = 1");
  EXPECT_EQ(Mapped("INSERT INTO orders VALUES (1) ON DUPLICATE KEY UPDATE orders = 2"),
            "INSERT INTO `orders2` VALUES (1) ON DUPLICATE KEY UPDATE orders = 2");
}

std::string Statement(model::ObjectKind kind, std::string_view text, const model::ObjectName& name) {
  Capabilities there;
  there.version = 90000;
  connector::ServerInfo source;
  source.flavour = "mysql";
  source.version = 90000;
  const Flavour flavour(source, there);
  Notes notes;
  BodyContext context;
  context.default_database = "shop";
  context.view = kind == model::ObjectKind::kView;
  if (kind == model::ObjectKind::kTrigger) context.trigger_table = {"shop", "orders"};
  return TranslateObjectStatement(kind, text, {}, context, name, TestNames(), flavour, notes);
}

TEST(TranslateObject, InvokerAndNoDefiner) {
  EXPECT_EQ(Statement(model::ObjectKind::kView,
                      "CREATE ALGORITHM=MERGE DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `v` "
                      "(`a`) AS select 1 AS `1`",
                      {"new", "v"}),
            "CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `new`.`v` (`a`) AS select 1 AS `1`");
  EXPECT_EQ(Statement(model::ObjectKind::kView, "ALTER DEFINER=u@h VIEW v AS SELECT 1", {"new", "v"}),
            "ALTER SQL SECURITY INVOKER VIEW `new`.`v` AS SELECT 1");
  EXPECT_EQ(
      Statement(
          model::ObjectKind::kFunction,
          "CREATE DEFINER=`a`@`b` FUNCTION `f`(x decimal(3,1)) RETURNS varchar(20) CHARSET utf8mb4 COLLATE "
          "utf8mb4_bin\n    NO SQL\n    DETERMINISTIC\n    SQL SECURITY DEFINER\n    COMMENT 'c'\nRETURN concat(x)",
          {"new", "f"}),
      "CREATE FUNCTION `new`.`f`(x decimal(3,1)) RETURNS varchar(20) CHARSET utf8mb4 COLLATE utf8mb4_bin\n    NO SQL\n"
      "    DETERMINISTIC\n    COMMENT 'c'\n    SQL SECURITY INVOKER\nRETURN concat(x)");
  EXPECT_EQ(Statement(model::ObjectKind::kTrigger,
                      "CREATE DEFINER=a@b TRIGGER t AFTER UPDATE ON orders FOR EACH ROW "
                      "INSERT INTO orders VALUES (NEW.addr)",
                      {"new", "t"}),
            "CREATE TRIGGER `new`.`t` AFTER UPDATE ON `new`.`orders2` FOR EACH ROW INSERT INTO `orders2` VALUES "
            "(NEW.`address`)");
}

}  // namespace
}  // namespace sluice::mysql
