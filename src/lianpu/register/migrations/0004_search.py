from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("register", "0003_history")]
    operations = [
        migrations.CreateModel(
            name="SearchIndex",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("register", models.CharField(max_length=60, unique=True, verbose_name="登记簿")),
                ("shape", models.CharField(max_length=64, verbose_name="所查的列")),
                ("filled", models.BigIntegerField(default=0, verbose_name="已读至")),
                ("is_complete", models.BooleanField(default=False, verbose_name="已建成")),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="行数")),
                ("stale", models.PositiveIntegerField(default=0, verbose_name="失效")),
                ("writes", models.BigIntegerField(default=0, verbose_name="写入次数")),
                ("at", models.DateTimeField(auto_now=True, verbose_name="更新时间")),
            ],
            options={"verbose_name": "搜索索引", "verbose_name_plural": "搜索索引"},
        ),
        migrations.CreateModel(
            name="SearchCursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("change", models.BigIntegerField(default=0, verbose_name="已处理的变更")),
            ],
            options={"verbose_name": "搜索进度", "verbose_name_plural": "搜索进度"},
        ),
    ]
